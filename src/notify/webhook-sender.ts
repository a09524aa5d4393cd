/** Sends Standard Webhooks (standardwebhooks.com, spec 1.0). */
import { lookup as dnsLookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type LookupFunction, isIP } from 'node:net';
import type { ApplicationFailure } from '@temporalio/activity';
import type { WebhookFormat, WebhookSecret } from '../engine/deps.ts';
import { cloudEvent } from './cloud-event.ts';
import { nonRetryable } from '../engine/failure.ts';
import { Webhook } from 'standardwebhooks';
import type { JsonObject } from '../contract/index.ts';
import { faultOfAddresses, faultOfTarget, hostOf, type WebhookTargets } from './webhook-target.ts';

export interface WebhookSender {
  /**
   * Sends once. Resolves when the receiver answered 2xx.
   *
   * @throws Error to try again; a non-retryable `ApplicationFailure` where no try would help.
   */
  send(input: {
    url: string;
    messageId: string;
    body: JsonObject;
    secret?: WebhookSecret | undefined;
    /** Default: as Standard Webhooks write it. */
    format?: WebhookFormat;
    /** Further headers, which name the trace. */
    headers?: Readonly<Record<string, string>>;
  }): Promise<void>;
}

export interface WebhookSenderOptions {
  /** The stack's own current secrets: base64, with or without the prefix `whsec_`. */
  secrets: () => readonly string[];
  targets: WebhookTargets;
  /** All addresses of a name. Default: the system's resolver. */
  resolve?: (host: string) => Promise<string[]>;
  /** Default: the system's. Tests pass their certificate. */
  ca?: string;
}

const TYPES: Readonly<Record<WebhookFormat, string>> = {
  standard: 'application/json',
  cloudevents: 'application/cloudevents+json; charset=utf-8',
};

const TIMEOUT_MS = 15_000;

const undeliverable = (message: string): ApplicationFailure => nonRetryable(message, 'invalid-request');

/**
 * The name is resolved once, and the checked address is the one connected to, so a later DNS answer changes nothing. Redirects are not
 * followed, and of the answer nothing but its status is read.
 */
export function createWebhookSender({
  secrets,
  targets,
  resolve = resolveAll,
  ca,
}: WebhookSenderOptions): WebhookSender {
  return {
    async send({ url, messageId, body, secret, format = 'standard', headers = {} }) {
      const target = new URL(url);
      const fault = faultOfTarget(target, targets);
      if (fault !== null) throw undeliverable(fault);
      const host = hostOf(target);
      const addresses = isIP(host) === 0 ? await resolve(host) : [host];
      const wrong = faultOfAddresses(target, addresses, targets);
      const [address] = addresses;
      // Retryable, because the owner of the DNS name may fix it.
      if (wrong !== null || address === undefined) throw new Error(wrong ?? 'the name of the webhook leads nowhere');

      const now = new Date();
      const text = JSON.stringify(format === 'standard' ? body : cloudEvent(messageId, body));
      const status = await post(target, address, text, ca, {
        ...headers,
        'content-type': TYPES[format],
        'content-length': String(Buffer.byteLength(text)),
        'user-agent': 'countersign-webhook/1',
        'webhook-id': messageId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': (typeof secret === 'string' ? [secret] : (secret ?? secrets()))
          .map((one) => new Webhook(one).sign(messageId, now, text))
          .join(' '),
      });
      // 410: the receiver wants no more messages (spec, "Delivery").
      if (status === 410) throw undeliverable('the webhook answered 410: it is gone');
      if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
    },
  };
}

async function resolveAll(host: string): Promise<string[]> {
  return (await dnsLookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

function post(
  url: URL,
  address: string,
  text: string,
  ca: string | undefined,
  headers: Record<string, string>,
): Promise<number> {
  const pinned: LookupFunction = (_host, options, done) => {
    const family = isIP(address);
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  return new Promise((settle, fail) => {
    const options = {
      method: 'POST',
      headers,
      lookup: pinned,
      // Every delivery opens a new connection, because the address of a kept one was checked long ago.
      agent: false as const,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(ca === undefined ? {} : { ca }),
    };
    const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
      settle(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on('error', (error: NodeJS.ErrnoException) =>
      fail(new Error(`the webhook cannot be reached (${error.code ?? error.name})`)),
    );
    sent.end(text);
  });
}
