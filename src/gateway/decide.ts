/** An approver's decision, from any door to the action's workflow. */
import { instantOf } from '../canonical/index.ts';
import { checkReason, CountersignError, type Action, type DecisionInput, type Door } from '../contract/index.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import type { ActionState } from '../store/action-state.ts';
import type { Caller } from '../identity/index.ts';
import { decideUpdate } from '../workflows/messages.ts';
import { approverOf, checkApprover, delegationFor } from './approvers.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { giveGrant, readGrant } from './grants.ts';
import { decisionOptions } from './passkeys.ts';
import { reviewAction } from './review.ts';
import { readAction, updateAction } from './stored-action.ts';
import type { Approvals, SlackEvidence } from './types.ts';
import { openWhole, restsOn } from './whole.ts';

export const approvals = (deps: GatewayDeps): Approvals => ({
  decide: (caller, id, input, door, evidence) =>
    recordRefusal(deps, caller, id, door, async () => {
      const { state } = await readAction(deps, caller.tenant, id);
      return decide(deps, caller, state, input, door, evidence);
    }),

  decideOrReview: (caller, state, input, door, evidence) =>
    recordRefusal(deps, caller, state.action.id, door, async () => {
      // A break-glass release has no approval to decide, so the answer is a finding of its review.
      if (state.review === null || state.approval !== null) return decide(deps, caller, state, input, door, evidence);
      const { decision, reason } = input;
      if ((decision !== 'approve' && decision !== 'refuse') || reason === undefined) {
        throw new CountersignError('reason-required', 'say whether it was right, and why');
      }
      return reviewAction(deps, caller, state, { right: decision === 'approve', reason }, door, evidence);
    }),

  async check(caller, state) {
    if (state.review !== null && state.review.status !== 'done') {
      if (state.review.reviewers.includes(caller.id)) return;
      throw new CountersignError('not-an-approver', 'you are not one of the reviewers that policy names');
    }
    checkApprover(caller, state, await delegationFor(deps, caller, state));
  },

  whole: (caller, id) => openWhole(deps, caller, id),

  async decisionOptions(caller, id, input, door) {
    const { state } = await readAction(deps, caller.tenant, id);
    const { delegation } = await approverOf(deps, caller, state);
    const shown = await restsOn(deps, caller, state, input, undefined);
    return decisionOptions(deps, caller, state, input, { door, delegation, shown });
  },
});

/** In UTC, as an attestation says it. */
function untilOf({ until }: DecisionInput): string | null {
  if (until === undefined) return null;
  const at = instantOf(until);
  if (at === null) throw new CountersignError('invalid-request', '`until` is a time with its offset, RFC 3339');
  return new Date(at).toISOString();
}

/** Attests the decision and hands it to the workflow. `state` is the one read of the action before it is decided. */
async function decide(
  deps: GatewayDeps,
  caller: Caller,
  state: ActionState,
  input: DecisionInput,
  door: Door,
  evidence: SlackEvidence | undefined,
): Promise<Action> {
  const { delegation } = await approverOf(deps, caller, state);
  // A reason is sealed for ever, even an optional one.
  if (input.reason !== undefined) checkReason(input.reason);
  const { id } = state.action;
  const grant = await readGrant(deps, caller, state, input);
  const shown = await restsOn(deps, caller, state, input, evidence);
  const attestation = await deps.attestor.attest({
    kind: 'decide',
    tenant: caller.tenant,
    action: id,
    by: caller.id,
    via: door,
    requestHash: state.action.requestHash,
    decision: input.decision,
    // A decision without a stage is about the currently open one, so the same decision, sent twice, never counts for the next stage too.
    stage: input.stage ?? state.approval?.stage ?? null,
    reason: input.reason ?? null,
    changes: input.changes ?? null,
    until: untilOf(input),
    slack: evidence?.slack ?? null,
    shown,
    responsibility: input.decision === 'approve' ? (evidence?.responsibility ?? RESPONSIBILITY) : null,
    delegation,
    assurance: input.passkey === undefined ? null : { credential: input.passkey.id, ...input.passkey.response },
  });
  const action = await updateAction(deps, caller.tenant, id, decideUpdate.name, { attestation });
  const granted = grant === null ? null : await giveGrant(deps, caller, action, grant);
  return { ...action, permit: null, ...(granted === null ? {} : { grant: granted }) };
}
