/** A reviewer's finding about a break-glass release. */
import { checkReason, CountersignError, type Action, type Door } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { Caller } from '../identity/index.ts';
import { reviewUpdate } from '../workflows/messages.ts';
import type { GatewayDeps } from './deps.ts';
import { updateAction } from './stored-action.ts';
import type { ReviewInput, SlackEvidence } from './types.ts';

export async function reviewAction(
  deps: GatewayDeps,
  caller: Caller,
  state: ActionState,
  input: ReviewInput,
  door: Door,
  evidence: SlackEvidence | undefined,
): Promise<Action> {
  if (caller.kind !== 'person') {
    throw new CountersignError(
      'not-an-approver',
      'a key is not a person; review with the token of one of the reviewers',
    );
  }
  if (state.review === null || state.review.status === 'done') {
    throw new CountersignError('not-open', 'this action has no open review');
  }
  checkReason(input.reason);
  const { id } = state.action;
  const attestation = await deps.attestor.attest({
    kind: 'review',
    tenant: caller.tenant,
    action: id,
    by: caller.id,
    via: door,
    ...input,
    slack: evidence?.slack ?? null,
    shown: evidence?.shown ?? null,
  });
  return { ...(await updateAction(deps, caller.tenant, id, reviewUpdate.name, { attestation })), permit: null };
}
