import { createHash, createHmac } from 'node:crypto';
import { canonicalBytes } from '../canonical/json.ts';
import type { PlanRequest } from '../contract/plan.ts';
import type { ActionRequest, Actor } from '../contract/request.ts';
import type { RecordActor } from '../contract/record.ts';
import type { IdentityFact } from '../contract/verdict.ts';

/** Keyed by the idempotency key, which is not stored, so the MAC reveals nothing to a reader of the database. */
export function bodyMac(idempotencyKey: string, body: ActionRequest | PlanRequest): string {
  return createHmac('sha256', idempotencyKey).update(canonicalBytes(body)).digest('base64url');
}

export const actionIdOf = (idempotencyKey: string): string =>
  `act_${createHash('sha256').update(idempotencyKey, 'utf8').digest('hex')}`;

export const planIdOf = (idempotencyKey: string): string =>
  `pln_${createHash('sha256').update(idempotencyKey, 'utf8').digest('hex')}`;

/** The key of a step. It holds a line break, which no caller's key can, so an action that was asked alone never has the id of a step. */
export const stepKeyOf = (plan: string, index: number): string => `${plan}\n${index}`;

export const stepIdOf = (plan: string, index: number): string => actionIdOf(stepKeyOf(plan, index));

/** @param identities what is known of the chain, the actor first */
export function recordActor(
  { id, type, onBehalfOf }: Actor,
  [known, ...behind]: readonly IdentityFact[] = [],
): RecordActor {
  return {
    id,
    type,
    ...(known?.standing === 'unverified' ? { unverified: true } : {}),
    ...(known === undefined || type === 'user' ? {} : { owner: known.owner }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf: recordActor(onBehalfOf, behind) }),
  };
}

export const workflowIdOf = (tenant: string, id: string): string => `action/${tenant}/${id.slice('act_'.length)}`;

export const planWorkflowIdOf = (tenant: string, plan: string): string => `plan/${tenant}/${plan.slice('pln_'.length)}`;

/** Id of the workflow that starts the steps from `at` on; for the first steps it is the plan's own workflow. */
export const stepsWorkflowIdOf = (tenant: string, plan: string, at: number): string =>
  at === 0 ? planWorkflowIdOf(tenant, plan) : `${planWorkflowIdOf(tenant, plan)}/${at}`;
