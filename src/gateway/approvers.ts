/** Who may decide, for every door. The engine checks it all again when the decision arrives there. */
import { CountersignError, includesId } from '../contract/index.ts';
import { checkEvent, wordOf, type DelegationUse } from '../approval/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { delegationsInForce, standingOf } from '../engine/delegations.ts';
import { activeDelegation, type Caller, type Delegation } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';

type ApproverDeps = Pick<GatewayDeps, 'register' | 'directory' | 'now'>;

/**
 * The delegation under which the caller would decide. Of several people that they stand in for, it is the first who is still active
 * and has not used their word. Null for an approver of the open stage, who decides for themself, and where nobody delegated.
 */
export async function delegationFor(
  deps: ApproverDeps,
  caller: Caller,
  state: ActionState,
): Promise<DelegationUse | null> {
  if (stageApprovers(state) === null || isApproverNow(state, caller.id)) return null;
  return chooseDelegation(deps, await delegationsInForce(deps, caller.tenant), caller.id, state);
}

function chooseDelegation(
  deps: Pick<ApproverDeps, 'directory' | 'now'>,
  delegations: readonly Delegation[],
  person: string,
  state: ActionState,
): DelegationUse | null {
  const { approval } = state;
  if (approval === null) return null;
  const now = deps.now().getTime();
  const held = (stageApprovers(state) ?? []).flatMap((from) => {
    const delegation = activeDelegation(delegations, { from, to: person, surface: state.surface, now });
    return delegation === null ? [] : [{ id: delegation.id, from }];
  });
  const directory = deps.directory.current(state.action.tenant);
  const counts = held.find(({ from }) => directory.mayDecide(from) && wordOf(approval, approval.stage, from) === null);
  return counts ?? held[0] ?? null;
}

const stageApprovers = ({ approval }: ActionState): readonly string[] | null =>
  approval?.stages[approval.stage]?.approvers ?? null;

const isApproverNow = (state: ActionState, person: string): boolean => stageApprovers(state)?.includes(person) === true;

/**
 * Whether this person's approval would count now. It applies the same rule that admits a decision, so that nothing is listed for somebody
 * who cannot decide it.
 */
export function couldApprove(
  deps: Pick<ApproverDeps, 'directory' | 'now'>,
  delegations: readonly Delegation[],
  person: string,
  state: ActionState,
): boolean {
  const { approval, surface } = state;
  if (approval === null || stageApprovers(state) === null) return false;
  const directory = deps.directory.current(state.action.tenant);
  const now = deps.now().getTime();
  const delegation = isApproverNow(state, person) ? null : chooseDelegation(deps, delegations, person, state);
  const refusal = checkEvent(
    approval,
    {
      type: 'decide',
      by: person,
      decision: 'approve',
      reason: 'whether it would count',
      changes: null,
      original: {},
      until: null,
      via: approval.plan.via[0] ?? 'api',
      assured: true,
      delegation,
      ...standingOf(directory, delegations, { by: person, delegation, surface, now }),
    },
    now,
  );
  return refusal === null;
}

/** An approver in front of an action, and for whom they stand in. @throws CountersignError when their word would not count */
export async function approverOf(
  deps: ApproverDeps,
  caller: Caller,
  state: ActionState,
): Promise<{ delegation: DelegationUse | null }> {
  if (caller.kind !== 'person') {
    throw new CountersignError(
      'not-an-approver',
      'a key is not a person; decide with the token of one of the approvers',
    );
  }
  const delegation = await delegationFor(deps, caller, state);
  checkApprover(caller, state, delegation);
  return { delegation };
}

/** Checked early, before anything enters the workflow's history. The reducer checks everything again. */
export function checkApprover(caller: Caller, state: ActionState, delegation: DelegationUse | null): void {
  const { approval, plan } = state;
  if (approval === null || plan === null) {
    throw new CountersignError('not-open', `this action never waited for a decision; it is ${state.action.status}`);
  }
  if (includesId(plan.excluded, caller.id)) {
    throw new CountersignError(
      'own-request',
      'you asked for this yourself, or it is asked on your behalf; somebody else must decide',
    );
  }
  const asked = approval.stages.some(({ approvers }) => approvers.includes(caller.id));
  if (!asked && delegation === null) {
    throw new CountersignError('not-an-approver', 'you are not one of the approvers that policy names for this action');
  }
  if (state.action.status !== 'supervised') {
    const last = approval.stages.flatMap(({ decisions }) => decisions).at(-1);
    const who = last === undefined ? '' : `: ${last.by} said ${last.decision} at ${last.at}`;
    throw new CountersignError('not-open', `this action is already ${state.action.status}${who}; nothing was changed`);
  }
}
