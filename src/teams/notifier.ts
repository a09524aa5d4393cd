/** Tells people in Teams: one card for each approver, which is kept up to date, and lines below it. It does not post into Teams' channels. */
import type { JsonObject } from '../contract/index.ts';
import type { TeamsReach } from '../store/index.ts';
import {
  CLOSING_EVENTS,
  NotifierUnavailable,
  type ApprovalMessage,
  type Notifier,
  type PostKeeper,
  type PostedMessage,
  type Unreachable,
} from '../notify/notifier.ts';
import { createOnce } from '../notify/once.ts';
import { cardHash, eventText, noticeText, renderCard, renderPlanCard, type Card } from './card/index.ts';
import { TeamsTrouble, type TeamsClient } from './client.ts';

export interface TeamsNotifierDeps {
  client: TeamsClient;
  /** The tenant in Microsoft Entra, and the address for people without a known conversation. */
  tenant: string;
  serviceUrl: string;
  /** A person's identity in Teams by the directory, or null. */
  teamsOf(person: string): { tenant: string; user: string } | null;
  /** The last known conversation of a user of the tenant. */
  reachOf(user: string): Promise<TeamsReach | null>;
  log: { warn(facts: object, text: string): void };
}

/** Distinguishes a message of Teams from others. */
export const workspaceOf = (tenant: string): string => `teams:${tenant}`;

/** Why a person cannot be reached, in words. */
const WHY: Readonly<Record<string, string>> = {
  BotDisabledByAdmin: 'is not allowed to use the app in Teams',
  ConversationBlockedByUser: 'blocked the app in Teams',
};

/** A message, whatever it is about. */
interface Subject extends Pick<ApprovalMessage, 'ask' | 'revision' | 'audience'> {
  about: string;
  render(person: string | null): Card;
}

interface Place {
  serviceUrl: string;
  conversation: string;
}

export function createTeamsNotifier(deps: TeamsNotifierDeps): Notifier {
  const { client, tenant, teamsOf, reachOf, log } = deps;
  const workspace = workspaceOf(tenant);

  const reachOfPerson = async (
    person: string,
  ): Promise<{ user: string; reach: TeamsReach | null } | { why: string }> => {
    const teams = teamsOf(person);
    if (teams === null) return { why: 'has no Teams id in the directory' };
    if (teams.tenant !== tenant) return { why: 'is in another tenant of Teams' };
    const reach = await reachOf(teams.user);
    return reach?.gone === true ? { why: 'removed the app from Teams' } : { user: teams.user, reach };
  };
  const placeOf = async (person: string): Promise<Place | { why: string }> => {
    const known = await reachOfPerson(person);
    if ('why' in known) return known;
    const serviceUrl = known.reach?.serviceUrl ?? deps.serviceUrl;
    const conversation = known.reach?.conversation ?? (await client.conversation(serviceUrl, known.user));
    return { serviceUrl, conversation };
  };
  /** Where a message was posted. Its conversation stays; its service URL may change. */
  const placeAgain = async ({ person, channel }: PostedMessage): Promise<Place> => {
    const known = person === null ? null : await reachOfPerson(person);
    const reach = known === null || 'why' in known ? null : known.reach;
    return { serviceUrl: reach?.serviceUrl ?? deps.serviceUrl, conversation: channel };
  };
  const once = createOnce();

  const post = async (message: Subject, posted: readonly PostedMessage[], keeper?: PostKeeper) => {
    const all = new Map(posted.map((one) => [`${one.channel}/${one.ts}`, one]));
    const unreachable: Unreachable[] = [];
    const done = async (one: PostedMessage): Promise<void> => {
      all.set(`${one.channel}/${one.ts}`, one);
      await keeper?.done(one);
    };
    /** A failure for one person is reported and skipped. An outage of Teams ends the attempt. */
    const attempt = async (person: string | null, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        const { code } = targetOrThrow(error, [...all.values()]);
        if (person !== null) unreachable.push({ person, why: WHY[code] ?? 'cannot be reached in Teams' });
        log.warn({ about: message.about, person, code }, 'Teams could not show a message');
      }
    };
    const post = async (person: string, { serviceUrl, conversation }: Place): Promise<void> => {
      const card = message.render(person);
      const ts = await client.send(serviceUrl, conversation, activityOf(card));
      const { revision } = message;
      await done({ workspace, channel: conversation, ts, kind: 'dm', person, revision, shownHash: cardHash(card) });
    };

    for (const before of posted) {
      if (before.revision >= message.revision) continue;
      await attempt(null, async () => {
        const { serviceUrl, conversation } = await placeAgain(before);
        const card = message.render(before.person);
        try {
          await client.update(serviceUrl, conversation, before.ts, activityOf(card));
        } catch (error) {
          targetOrThrow(error, [...all.values()]);
          // Deleted, or the app was removed: people who are still asked get a new one below.
          all.delete(`${before.channel}/${before.ts}`);
          return;
        }
        await done({ ...before, revision: message.revision, shownHash: cardHash(card) });
      });
    }
    const people = message.ask === null ? [] : [...message.audience.people, ...(message.audience.asked ?? [])];
    for (const person of new Set(people)) {
      if ([...all.values()].some((one) => one.person === person)) continue;
      await attempt(person, async () => {
        const place = await placeOf(person);
        if ('why' in place) unreachable.push({ person, why: place.why });
        else await post(person, place);
      });
    }
    return { posted: [...all.values()], unreachable };
  };

  return {
    post: (message, posted, keeper) =>
      post({ ...message, about: message.action, render: (person) => renderCard(message, person) }, posted, keeper),
    postPlan: (message, posted, keeper) =>
      post({ ...message, about: message.plan, render: () => renderPlanCard(message) }, posted, keeper),

    async thread(posted, event) {
      for (const one of posted) {
        const asked = one.person !== null && event.people?.includes(one.person) === true;
        if (!CLOSING_EVENTS.has(event.kind) && !asked) continue;
        try {
          const { serviceUrl, conversation } = await placeAgain(one);
          await once(`${one.channel}/${one.ts}/${event.id}`, () =>
            client.send(serviceUrl, conversation, { ...textOf(eventText(event)), replyToId: one.ts }),
          );
        } catch (error) {
          const { code } = targetOrThrow(error, posted);
          log.warn({ person: one.person, code }, 'Teams could not take a line');
        }
      }
    },

    async tell(person, notice) {
      try {
        const place = await placeOf(person);
        if ('why' in place) return { person, why: place.why };
        await once(`${person}/${notice.action}/${notice.id}`, () =>
          client.send(place.serviceUrl, place.conversation, textOf(noticeText(notice))),
        );
        return null;
      } catch (error) {
        return { person, why: WHY[targetOrThrow(error, []).code] ?? 'cannot be reached in Teams' };
      }
    },
  };
}

const activityOf = (card: Card): JsonObject => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
});

/** Plain text, without markup. */
const textOf = (text: string): JsonObject => ({ type: 'message', textFormat: 'plain', text });

/** The trouble with one person. @throws NotifierUnavailable when it is Teams' own; other errors unchanged. */
function targetOrThrow(error: unknown, posted: readonly PostedMessage[]): TeamsTrouble {
  if (!(error instanceof TeamsTrouble)) throw error;
  if (error.kind === 'target') return error;
  const configuration = error.kind === 'configuration';
  const what = configuration ? 'Teams does not take the app as it is' : 'Teams cannot be used now';
  throw new NotifierUnavailable(`${what} (${error.code}); it is tried again`, {
    retryAfterMs: error.retryAfterMs,
    configuration,
    posted,
    cause: error,
  });
}
