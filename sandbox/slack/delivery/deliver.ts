import type { Clock } from '../clock.ts';
import type { DeliveryFault, Faults } from '../faults.ts';
import type { JsonObject } from '../json.ts';
import type { Delivery, DeliveryKind } from '../types.ts';
import { post } from './http.ts';
import type { HttpAnswer } from './http.ts';
import { signedHeaders } from './sign.ts';
import type { SocketHub } from './socket.ts';

/** How far off the clock of an injected old or future timestamp is: twice what a verifier may allow. */
const OFF_SECONDS = 600;

/** Slack tries an event again at once, after a minute and after five (docs.slack.dev/apis/events-api#retries). */
const EVENT_RETRIES_MS = [0, 60_000, 300_000];

export interface DelivererDeps {
  clock: Clock;
  faults: Faults;
  sockets: SocketHub;
  signingSecret: string;
  requestUrl?: string;
  /** Told of every finished delivery. */
  record(delivery: Delivery): void;
}

interface Attempt {
  timestampOffset: number;
  secret: string;
  retry: { attempt: number; reason: string };
  fault?: string;
}

/** Sends payloads to the app: over Socket Mode while a client is connected, else by signed HTTP POST. */
export class Deliverer {
  requestUrl: string | undefined;
  private readonly deps: DelivererDeps;

  constructor(deps: DelivererDeps) {
    this.deps = deps;
    this.requestUrl = deps.requestUrl;
  }

  /**
   * Delivers one payload, with whatever fault is due. An event that is not answered with 2xx is tried again.
   * @returns the deliveries made for it, the first one first; an interaction's outcome is the first one's.
   */
  async deliver(kind: DeliveryKind, payload: JsonObject): Promise<[Delivery, ...Delivery[]]> {
    const fault = this.deps.faults.takeDelivery(kind);
    if (fault?.deliver === 'delay') await this.sleep(fault.delayMs ?? 1000);
    const attempt = this.attempt(fault);
    const again: Attempt = { ...attempt, retry: { attempt: 1, reason: 'http_timeout' }, fault: 'duplicate' };
    if (fault?.deliver === 'duplicate-concurrently') {
      return Promise.all([this.once(kind, payload, attempt), this.once(kind, payload, again)]);
    }
    const first = await this.once(kind, payload, attempt);
    if (fault?.deliver === 'duplicate') return [first, await this.once(kind, payload, again)];
    if (fault?.deliver === 'replay') return [first, await this.replay(first)];
    if (kind === 'event' && (first.status < 200 || first.status > 299)) this.retryLater(payload, 0);
    return [first];
  }

  /** Posts any text with headers of the caller's choice: for forged requests. Not recorded. */
  async postRaw(body: string, headers: Record<string, string>): Promise<HttpAnswer> {
    if (this.requestUrl === undefined) return { status: 0, body: '', headers: {}, error: 'unreachable' };
    return post(this.requestUrl, body, headers, this.deps.clock);
  }

  private attempt(fault: DeliveryFault | undefined): Attempt {
    const offsets: Record<string, number> = { 'old-timestamp': -OFF_SECONDS, 'future-timestamp': OFF_SECONDS };
    return {
      timestampOffset: offsets[fault?.deliver ?? ''] ?? 0,
      secret: fault?.deliver === 'bad-signature' ? `not-${this.deps.signingSecret}` : this.deps.signingSecret,
      retry: { attempt: 0, reason: '' },
      ...(fault ? { fault: fault.deliver } : {}),
    };
  }

  private async once(kind: DeliveryKind, payload: JsonObject, attempt: Attempt): Promise<Delivery> {
    return this.deps.sockets.connected > 0
      ? this.bySocket(kind, payload, attempt)
      : this.byHttp(kind, payload, attempt);
  }

  private async bySocket(kind: DeliveryKind, payload: JsonObject, attempt: Attempt): Promise<Delivery> {
    const at = this.deps.clock.now();
    const answer = await this.deps.sockets.send(kind, payload, attempt.retry);
    const body = answer && Object.keys(answer).length > 0 ? JSON.stringify(answer) : '';
    return this.done({
      kind,
      transport: 'socket',
      at,
      payload,
      headers: {},
      status: answer ? 200 : 0,
      body,
      ackMs: this.deps.clock.now() - at,
      ...(answer ? {} : { error: 'timeout' }),
      ...(attempt.fault === undefined ? {} : { fault: attempt.fault }),
    });
  }

  private async byHttp(kind: DeliveryKind, payload: JsonObject, attempt: Attempt): Promise<Delivery> {
    const at = this.deps.clock.now();
    const { body, contentType } = encode(kind, payload);
    const headers = signedHeaders(attempt.secret, Math.floor(at / 1000) + attempt.timestampOffset, body, contentType);
    if (kind === 'event' && attempt.retry.attempt > 0) {
      headers['x-slack-retry-num'] = String(attempt.retry.attempt);
      headers['x-slack-retry-reason'] = attempt.retry.reason;
    }
    const answer = await this.postRaw(body, headers);
    return this.done(this.fromHttp({ kind, payload, at, headers, fault: attempt.fault }, answer));
  }

  private async replay(first: Delivery): Promise<Delivery> {
    const at = this.deps.clock.now();
    if (first.transport === 'socket') {
      return this.bySocket(first.kind, first.payload, { ...this.attempt(undefined), fault: 'replay' });
    }
    const answer = await this.postRaw(encode(first.kind, first.payload).body, first.headers);
    return this.done(this.fromHttp({ ...first, at, fault: 'replay' }, answer));
  }

  private fromHttp(
    sent: Pick<Delivery, 'kind' | 'payload' | 'at' | 'headers'> & { fault?: string | undefined },
    answer: HttpAnswer,
  ): Delivery {
    const error = this.requestUrl === undefined ? 'no_app' : answer.error;
    return {
      kind: sent.kind,
      transport: this.requestUrl === undefined ? 'none' : 'http',
      at: sent.at,
      payload: sent.payload,
      headers: sent.headers,
      status: answer.status,
      body: answer.body,
      ackMs: this.deps.clock.now() - sent.at,
      ...(error === undefined ? {} : { error }),
      ...(sent.fault === undefined ? {} : { fault: sent.fault }),
    };
  }

  private done(delivery: Delivery): Delivery {
    this.deps.record(delivery);
    return delivery;
  }

  private retryLater(payload: JsonObject, index: number): void {
    const delay = EVENT_RETRIES_MS[index];
    if (delay === undefined) return;
    this.deps.clock.after(delay, () => {
      const attempt: Attempt = { ...this.attempt(undefined), retry: { attempt: index + 1, reason: 'http_error' } };
      void this.once('event', payload, attempt).then((delivery) => {
        if (delivery.status < 200 || delivery.status > 299) this.retryLater(payload, index + 1);
      });
    });
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.deps.clock.after(ms, resolve);
    });
  }
}

/** The body as Slack encodes it: interactions in a form field, commands as a form, events as JSON. */
export function encode(kind: DeliveryKind, payload: JsonObject): { body: string; contentType: string } {
  if (kind === 'event') return { body: JSON.stringify(payload), contentType: 'application/json' };
  const fields: Record<string, string> =
    kind === 'interaction'
      ? { payload: JSON.stringify(payload) }
      : Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)]));
  return { body: new URLSearchParams(fields).toString(), contentType: 'application/x-www-form-urlencoded' };
}
