/**
 * Tells people by mail: one letter to each person who is asked, with a link to where they sign in and decide, and letters in the same
 * thread when something happens. A mail is no door: it gives its reader no authority.
 */
import { createHash } from 'node:crypto';
import { BoundedMap } from '../canonical/index.ts';
import {
  CLOSING_EVENTS,
  NotifierUnavailable,
  type Notifier,
  type PostedMessage,
  type Unreachable,
} from '../notify/notifier.ts';
import { askingLetter, eventLetter, noticeLetter, planLetter, type Letter } from './letter.ts';

/** Marks a posted message as a mail, in place of Slack's workspace. */
export const MAIL = 'mail';

/** One mail as the transport takes it (RFC 5322 names). */
export interface Mail extends Letter {
  to: string;
  /** `<…@…>`; the same for a mail that is sent again, so that programs show it once. */
  messageId: string;
  inReplyTo?: string;
}

export interface MailDeps {
  /** @throws Error with the SMTP `command` and `responseCode`, or Node's `code`, as nodemailer does. */
  send(mail: Mail): Promise<void>;
  /** The address of an active person; null where the directory has none. */
  addressOf(person: string): string | null;
  /** Domain of message ids. */
  domain: string;
  log: { warn(facts: object, text: string): void };
}

/** How many sent letters are remembered, so that a retried activity does not send them twice. */
const REMEMBERED = 20_000;
const RETRY_MS = 5_000;

export function createMailNotifier({ send, addressOf, domain, log }: MailDeps): Notifier {
  const sent = new BoundedMap<string, true>(REMEMBERED);
  const idOf = (...parts: string[]): string =>
    `<${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 40)}@${domain}>`;

  /** Sends a letter once. @returns why it cannot reach the person, or null. @throws NotifierUnavailable */
  const post = async (person: string, mail: Omit<Mail, 'to'>): Promise<string | null> => {
    const to = addressOf(person);
    if (to === null) return 'has no e-mail address in the directory';
    if (sent.get(mail.messageId) === true) return null;
    try {
      await send({ ...mail, to });
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble !== null) throw trouble;
      log.warn({ person, code: codeOf(error) }, 'a mail was refused');
      return 'has an e-mail address that the mail server refuses';
    }
    sent.set(mail.messageId, true);
    return null;
  };

  return {
    async post(message, posted, keeper) {
      const all = [...posted];
      const unreachable: Unreachable[] = [];
      const people = message.ask === null ? [] : [...message.audience.people, ...(message.audience.asked ?? [])];
      for (const person of new Set(people)) {
        if (all.some((one) => one.person === person)) continue;
        const letter = askingLetter(message, person);
        const messageId = idOf(message.action, person);
        const why = await post(person, { ...letter, messageId });
        if (why !== null) {
          unreachable.push({ person, why });
          continue;
        }
        const done: PostedMessage = {
          workspace: MAIL,
          channel: person,
          ts: messageId,
          kind: 'dm',
          person,
          revision: message.revision,
          shownHash: `sha256:${createHash('sha256').update(letter.text).digest('hex')}`,
        };
        all.push(done);
        await keeper?.done(done);
      }
      return { posted: all, unreachable };
    },

    async postPlan(message, posted, keeper) {
      const all = [...posted];
      const unreachable: Unreachable[] = [];
      const people = message.ask === null ? [] : [...message.audience.people, ...(message.audience.asked ?? [])];
      for (const person of new Set(people)) {
        if (all.some((one) => one.person === person)) continue;
        const messageId = idOf(message.plan, person);
        const letter = planLetter(message);
        const why = await post(person, { ...letter, messageId });
        if (why !== null) {
          unreachable.push({ person, why });
          continue;
        }
        const shownHash = `sha256:${createHash('sha256').update(letter.text).digest('hex')}`;
        const done: PostedMessage = {
          workspace: MAIL,
          channel: person,
          ts: messageId,
          kind: 'dm',
          person,
          revision: message.revision,
          shownHash,
        };
        all.push(done);
        await keeper?.done(done);
      }
      return { posted: all, unreachable };
    },

    async thread(posted, event) {
      for (const { person, ts } of posted) {
        if (person === null) continue;
        if (!CLOSING_EVENTS.has(event.kind) && event.people?.includes(person) !== true) continue;
        const letter = eventLetter(event);
        await post(person, { ...letter, messageId: idOf(ts, event.id), inReplyTo: ts });
      }
    },

    async tell(person, notice) {
      const messageId = idOf(notice.action, notice.id, person);
      const why = await post(person, { ...noticeLetter(notice), messageId });
      return why === null ? null : { person, why };
    },
  };
}

const codeOf = (error: unknown): unknown =>
  (error as { responseCode?: unknown }).responseCode ?? (error as { code?: unknown }).code;

/** Failures that do not concern this one person: the server is away, busy, or refuses our sign-in. */
function troubleOf(error: unknown): NotifierUnavailable | null {
  const { code, responseCode, command } = error as { code?: unknown; responseCode?: unknown; command?: unknown };
  if (command === 'RCPT TO' && typeof responseCode === 'number' && responseCode >= 500) return null;
  const configuration = code === 'EAUTH' || code === 'ETLS';
  return new NotifierUnavailable(
    configuration ? 'the mail server does not take us as we are' : 'the mail server cannot be used now',
    { retryAfterMs: RETRY_MS, configuration, cause: error },
  );
}
