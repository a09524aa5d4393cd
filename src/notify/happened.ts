/** Restricts announcements to what the records hold. Anything more did not come from the action's workflow. */
import type { ApprovalEffect, ApprovalState } from '../approval/index.ts';
import type { Action } from '../contract/index.ts';
import { inClear } from '../store/action-state.ts';
import { readLife, type Life } from '../engine/life.ts';
import type { NotifyDeps } from './deps.ts';

/** The action by as many records as `action` has; null where there is none. */
export async function lifeWhen(deps: NotifyDeps, action: Action): Promise<Life | null> {
  const { tenant, id, records } = action;
  const life = await readLife(deps, tenant, id, Array.isArray(records) ? records.length : 0);
  return life === null ? null : { ...life, state: inClear(life.state) };
}

/** The effects that the override really had. Reminders and the like decide nothing, and name only who is asked. */
export function happened(effects: readonly ApprovalEffect[], approval: ApprovalState | null): ApprovalEffect[] {
  if (approval === null) return [];
  const { history, stages } = approval;
  return effects.filter((effect) => {
    const stage = stages[effect.stage];
    if (stage === undefined) return false;
    switch (effect.type) {
      case 'decided':
        return stage.decisions.some(({ by, decision }) => by === effect.by && decision === effect.decision);
      case 'returned':
        return history.some(
          (one) => one.type === 'returned' && one.by === effect.by && one.question === effect.question,
        );
      case 'answered':
        return history.some((one) => one.type === 'answered' && one.by === effect.by && one.text === effect.text);
      case 'extended':
        return history.some((one) => one.type === 'extended' && one.by === effect.by && one.until === effect.until);
      case 'closed':
        return approval.status === effect.status;
      case 'escalate':
        return stage.escalated && effect.people.every((person) => stage.approvers.includes(person));
      case 'remind':
      case 'warn':
      case 'unreachable':
        return effect.people.every((person) => stage.approvers.includes(person));
      case 'stage-opened':
      case 'short':
        return true;
    }
  });
}

/**
 * The workflow also knows unsealed facts: reminders, and who is out of reach. They are used if people and decisions agree with the
 * records.
 */
export function agreeing(reported: ApprovalState | null, sealed: ApprovalState | null): ApprovalState | null {
  if (reported === null || sealed === null) return sealed;
  const decided = ({ stages, status, stage }: ApprovalState): string =>
    JSON.stringify([status, stage, stages.map(({ approvers, decisions }) => [approvers, decisions.map(word)])]);
  return decided(reported) === decided(sealed) ? { ...reported, plan: sealed.plan } : sealed;
}

const word = ({ by, decision, reason }: ApprovalState['stages'][number]['decisions'][number]): unknown => [
  by,
  decision,
  reason,
];
