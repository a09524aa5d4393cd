import { createHash, createHmac } from 'node:crypto';
import { canonicalBytes } from '../canonical/json.ts';
import type { ActionRequest, Actor } from '../contract/request.ts';
import type { RecordActor } from '../contract/record.ts';

/** Keyed by the idempotency key, which is stored nowhere: the mark says nothing to whoever reads the database. */
export function bodyMac(idempotencyKey: string, request: ActionRequest): string {
  return createHmac('sha256', idempotencyKey).update(canonicalBytes(request)).digest('base64url');
}

export const actionIdOf = (idempotencyKey: string): string =>
  `act_${createHash('sha256').update(idempotencyKey, 'utf8').digest('hex')}`;

export function recordActor(actor: Actor): RecordActor {
  return {
    id: actor.id,
    type: actor.type,
    ...(actor.onBehalfOf === undefined ? {} : { onBehalfOf: recordActor(actor.onBehalfOf) }),
  };
}

export const workflowIdOf = (tenant: string, id: string): string => `action/${tenant}/${id.slice('act_'.length)}`;
