/** Alarms the operators about events that nobody would notice otherwise, immediately, in the log and by webhook. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertType, JsonObject } from '../contract/index.ts';
import type { EngineLog, WebhookEndpoint } from '../engine/deps.ts';
import type { WebhookSender } from './webhook-sender.ts';

export interface Alert {
  tenant: string;
  type: AlertType;
  /** One sentence for a person. */
  text: string;
  /** Further details, without secrets. */
  data: JsonObject;
}

/** Never throws. The log has it immediately. Endpoints of the settings file that subscribe to it get a webhook. */
export type Alarm = (alert: Alert) => Promise<void>;

/** Milliseconds to wait before each try. */
const TRIES_MS = [0, 1000, 10_000];

export function createAlarm(deps: {
  endpoints: readonly WebhookEndpoint[];
  webhooks: WebhookSender;
  log: EngineLog;
  now(): Date;
}): Alarm {
  const { endpoints, webhooks, log, now } = deps;
  const send = async ({ url, secret, name }: WebhookEndpoint, body: JsonObject): Promise<void> => {
    const messageId = `alert_${randomUUID()}`;
    for (const wait of TRIES_MS) {
      await sleep(wait, undefined, { ref: false });
      try {
        await webhooks.send({ url, secret, messageId, body });
        return;
      } catch (error) {
        log.warn({ err: error, endpoint: name }, 'an alert could not be sent');
      }
    }
  };
  return async ({ tenant, type, text, data }) => {
    log.error({ tenant, alert: type, ...data }, text);
    const body = { type, timestamp: now().toISOString(), data: { tenant, text, ...data } };
    const recipients = endpoints.filter(
      ({ tenant: of, events, always }) => of === tenant && (events === null ? always : events.includes(type)),
    );
    await Promise.all(recipients.map((endpoint) => send(endpoint, body)));
  };
}
