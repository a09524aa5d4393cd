/** The question asked again with an approval: true once, for the very request that was approved. */
import {
  isCountersignError,
  type ActionRequest,
  type AuthzenDecision,
  type ErrorCode,
  type Json,
} from '../contract/index.ts';
import { requestHash } from '../sealing/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayExecute } from './access.ts';
import { denied } from './authzen-parts.ts';
import type { GatewayDeps } from './deps.ts';
import { redeem } from './permits.ts';
import { readAction, type KnownAction } from './stored-action.ts';
import type { Actions } from './types.ts';

const APPROVAL_ID = /^apr_[0-9a-f]{64}$/;

/** The id under which an action's release is presented again. */
export const approvalIdOf = (action: string): string => `apr_${action.slice('act_'.length)}`;

/** What the profile says to do after a denial. */
type Next = 'request' | 'retry' | 'none';

const refused = (reason: string, next: Next, words: string, id?: string): AuthzenDecision =>
  denied(reason, words, { next_action: next, ...(id === undefined ? {} : { evaluation_id: id }) });

/**
 * Redeems the permit of an approved action after judging it again by the current bundle. Of any number of questions with one approval,
 * exactly one is answered with true, even when they arrive together. Each question makes a fresh permit, and only the newest one can be
 * redeemed.
 */
export async function redeemApproval(
  deps: GatewayDeps,
  asking: Pick<Actions, 'collect'>,
  caller: Caller,
  { request, approval, redeemer }: { request: ActionRequest; approval: Json; redeemer: string | undefined },
): Promise<AuthzenDecision> {
  const id = actionOf(approval);
  const known = id === null ? null : await approvedAction(deps, caller, id);
  if (id === null || known === null) {
    return refused('approval_unverifiable', 'none', 'there is no such approval, or it is not yours');
  }
  const payload = await deps.store.payloads.read(caller.tenant, id);
  const { action, state } = known;
  const changed = action.verdict?.changes != null || Object.keys(state.approval?.changes ?? {}).length > 0;
  if (payload === null || action.requestHash !== requestHash(request, payload.actionKey) || changed) {
    return refused('out_of_scope', 'request', 'something else was approved than what is asked for now', id);
  }
  try {
    const { permit } = await asking.collect(caller, id);
    if (permit === null) return refused('approval_unverifiable', 'none', 'the approval is not yours to use', id);
    await redeem(deps, caller, { permit, redeemer });
    return { decision: true, context: { evaluation_id: id, countersign: { action: id, permit } } };
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    const { reason, next } = MEANS[error.code] ?? { reason: 'approval_expired', next: 'request' };
    return refused(reason, next, error.message, id);
  }
}

/** What a failure to collect or to redeem means in the profile. Any other failure means that nothing is left to use. */
const MEANS: Partial<Record<ErrorCode, { reason: string; next: Next }>> = {
  'action-refused': { reason: 'policy_denied', next: 'none' },
  frozen: { reason: 'policy_denied', next: 'none' },
  'permit-held': { reason: 'grant_pending', next: 'retry' },
  // Another question with the same approval was faster.
  'permit-invalid': { reason: 'grant_pending', next: 'retry' },
};

function actionOf(approval: Json): string | null {
  const id = typeof approval === 'object' && approval !== null && !Array.isArray(approval) ? approval['id'] : null;
  return typeof id === 'string' && APPROVAL_ID.test(id) ? `act_${id.slice('apr_'.length)}` : null;
}

async function approvedAction(deps: GatewayDeps, caller: Caller, id: string): Promise<KnownAction | null> {
  try {
    const known = await readAction(deps, caller.tenant, id);
    return mayExecute(caller, known.state) ? known : null;
  } catch (error) {
    if (isCountersignError(error) && error.code === 'not-found') return null;
    throw error;
  }
}
