/**
 * What a workflow of another namespace learns about the action that it asks for: id and status. The rules are those of any other start.
 */
import { isOpen, type NexusAnswer, type NexusAskInput } from '../contract/index.ts';
import type { EngineDeps } from './deps.ts';
import { nonRetryable } from './failure.ts';
import { identify } from './identify.ts';
import { bodyMac, workflowIdOf } from './ids.ts';
import { readWholeLife, stateAsAsked } from './life.ts';
import { readStart } from './start-input.ts';
import type { ActionRef } from './types.ts';

/**
 * The judged action; null before. An existing action answers only its requester, and only for the very
 * same request.
 *
 * @param at when it was asked: a start token is good for minutes, and a worker may have been away
 * @throws ApplicationFailure that is not tried again, with the code of the contract
 */
export async function askedFor(
  deps: EngineDeps,
  { action, start }: NexusAskInput,
  at: Date,
): Promise<NexusAnswer | null> {
  const { tenant, id } = action;
  const started = { ...start, id, createdAt: at.toISOString(), workflowId: workflowIdOf(tenant, id) };
  const { input, request } = await readStart(deps, started);
  const life = await readWholeLife(deps, tenant, id);
  if (life === null) return null;
  const { requester, bodyMac: known, action: existing } = stateAsAsked(life);
  if (bodyMac(input.idempotencyKey, request) !== known) {
    const message = 'this idempotency key was used for another request; use a new key for a new action';
    throw nonRetryable(message, 'idempotency-key-reused');
  }
  const asked = await identify({ ...deps, now: () => at }, input);
  // A refusal because nobody valid asked is answered too, because its caller got it before.
  if (asked.requester !== requester && existing.status !== 'refused') {
    throw nonRetryable('its token is not that of whoever asked for this action', 'unauthenticated');
  }
  return { id, status: existing.status };
}

/** The status after the wait for people; null while the action still waits. */
export async function decidedOf(deps: EngineDeps, { tenant, id }: ActionRef): Promise<NexusAnswer | null> {
  const life = await readWholeLife(deps, tenant, id);
  const status = life?.state.action.status ?? 'evaluating';
  return isOpen(status) ? null : { id, status };
}
