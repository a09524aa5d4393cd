import { ApplicationFailure } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import type { ActionRequest } from '../contract/index.ts';
import type { ActivityDeps, CallbackSender } from './deps.ts';
import type { CallbackInput } from './types.ts';

/** Where callbacks may go: anywhere over TLS, and in clear only to this machine. */
export function callbackAllowed(url: URL): boolean {
  const loopback = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
}

/**
 * Sends Standard Webhooks (standardwebhooks.com, spec 1.0): `webhook-id`, `webhook-timestamp`, `webhook-signature` over the body.
 *
 * @param secret Base64 of the shared secret, without a prefix.
 */
export function createCallbackSender(secret: string, fetcher: typeof fetch = fetch): CallbackSender {
  const webhook = new Webhook(secret);
  return {
    async send({ url, messageId, body }) {
      const target = new URL(url);
      if (!callbackAllowed(target)) {
        throw ApplicationFailure.nonRetryable('a callback goes to https, or to this machine', 'invalid-request');
      }
      const now = new Date();
      const text = JSON.stringify(body);
      const response = await fetcher(target, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(15_000),
        headers: {
          'content-type': 'application/json',
          'webhook-id': messageId,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': webhook.sign(messageId, now, text),
        },
        body: text,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the callback answered ${response.status}`);
    },
  };
}

/** Tells the requester's server how its action stands. The permit never goes this way. */
export async function callback(deps: ActivityDeps, input: CallbackInput): Promise<void> {
  const { tenant, id } = input.action;
  const stored = await deps.store.payloads.read(tenant, id);
  const url = (stored?.payload as { request: ActionRequest } | undefined)?.request.callback;
  if (url === undefined) return;
  const { permit: _permit, ...data } = input.action;
  await deps.callbacks.send({
    tenant,
    url,
    messageId: input.messageId,
    body: { type: `action.${input.action.status}`, timestamp: input.action.updatedAt, data: data as never },
  });
}
