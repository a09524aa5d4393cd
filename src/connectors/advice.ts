/** Asks the owner's own reviewers: a Standard Webhook (standardwebhooks.com, spec 1.0) whose answer is read. */
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { ADVICE } from '../contract/index.ts';
import type { AdviceAnswer, Advisers } from '../engine/advisers.ts';
import type { WebhookSecret } from '../engine/deps.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import { sendOnce, type SendOptions } from './http/send.ts';

export interface AdviserSettings {
  /** As policies name it. */
  name: string;
  tenant: string;
  url: string;
  /** Undefined for the stack's own. */
  secret: WebhookSecret | undefined;
  network: WebhookTargets;
  /** Milliseconds for the whole answer: a verdict waits for it. */
  timeoutMs: number;
}

const answerSchema = z.looseObject({
  advice: z.enum(ADVICE),
  reason: z.string().max(2000).nullish(),
});

/** Characters of an adviser's words that are kept. */
const REASON_MAX = 300;

/** @param secrets the stack's own that sign now */
export function createAdvisers(
  settings: readonly AdviserSettings[],
  secrets: () => readonly string[],
  options: SendOptions = {},
): Advisers {
  const none = (why: string): AdviceAnswer => ({ answer: null, reason: null, why });
  return {
    async ask(tenant, name, { messageId, body }) {
      const adviser = settings.find((one) => one.tenant === tenant && one.name === name);
      if (adviser === undefined) return none('it is not in the settings');
      const { url, secret, network, timeoutMs } = adviser;
      const now = new Date();
      const text = JSON.stringify(body);
      const keys = typeof secret === 'string' ? [secret] : (secret ?? secrets());
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        'user-agent': 'countersign-advice/1',
        'webhook-id': messageId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': keys.map((one) => new Webhook(one).sign(messageId, now, text)).join(' '),
      };
      const sent = await sendOnce(
        { method: 'POST', url: new URL(url), headers, body: text, network, timeoutMs },
        options,
      );
      if (sent.kind !== 'answered') return none('it did not answer in time');
      if (sent.status < 200 || sent.status > 299) return none(`it answered ${String(sent.status)}`);
      if (sent.long) return none('its answer is too long');
      if (!sent.whole) return none('its answer did not come whole in time');
      if (sent.headers['webhook-signature'] !== undefined && !isSignedBy(keys, sent))
        return none('its answer is signed by somebody else');
      return answerOf(sent.text) ?? none('its answer is no advice');
    },
  };
}

/** An adviser may sign its answer in the way that requests are signed. An answer with a wrong signature is ignored. */
function isSignedBy(
  keys: readonly string[],
  { text, headers }: { text: string; headers: IncomingHttpHeaders },
): boolean {
  const said = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  return keys.some((key) => {
    try {
      new Webhook(key).verify(text, said);
      return true;
    } catch {
      return false;
    }
  });
}

function answerOf(text: string): AdviceAnswer | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const read = answerSchema.safeParse(json);
  if (!read.success) return null;
  const words = (read.data.reason ?? '').replace(/[\p{C}\s]+/gu, ' ').trim();
  return { answer: read.data.advice, reason: words === '' ? null : words.slice(0, REASON_MAX), why: null };
}
