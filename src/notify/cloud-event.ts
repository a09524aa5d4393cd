/** A webhook's message as a CloudEvent (CloudEvents 1.0, JSON format): the same content in an envelope that event buses understand. */
import type { JsonObject } from '../contract/index.ts';

/** Before the type of an event, as the specification wants a reverse-DNS name. */
const PREFIX = 'dev.countersign.';

/** @param body of a Standard Webhook: `type`, `timestamp` and `data` */
export function cloudEvent(id: string, { type, timestamp, data = null }: JsonObject): JsonObject {
  const about = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  const tenant = typeof about['tenant'] === 'string' ? about['tenant'] : 'default';
  const action = about['action'] ?? about['id'];
  return {
    specversion: '1.0',
    id,
    source: `urn:countersign:${tenant}`,
    type: `${PREFIX}${String(type)}`,
    ...(typeof timestamp === 'string' ? { time: timestamp } : {}),
    ...(typeof action === 'string' ? { subject: action } : {}),
    datacontenttype: 'application/json',
    data,
  };
}
