import { includesId } from '../contract/identifiers.ts';
import type { ApprovalPlan, ApprovalView } from '../contract/index.ts';
import { at } from './people.ts';
import { openStage, warningTime } from './timers.ts';
import type { ApprovalState } from './types.ts';

/**
 * Begins a supervised override at `now` (milliseconds since the epoch). The caller announces its first `stage-opened`. Whatever else is due
 * immediately comes with the first `tick`.
 *
 * @throws Error for a plan without stages, which policy never makes.
 */
export function openApproval(plan: ApprovalPlan, now: number): ApprovalState {
  const expiresAt = now + plan.expiresMs;
  const state: ApprovalState = {
    plan,
    openedAt: now,
    expiresAt,
    stage: 0,
    status: 'open',
    stages: plan.stages.map(({ name, approvers }) => ({
      name,
      approvers: [...new Set(approvers)].filter((person) => !includesId(plan.excluded, person)),
      openedAt: null,
      decisions: [],
      remindAt: null,
      reminded: false,
      escalation: null,
      escalated: false,
      short: false,
    })),
    returned: null,
    changes: {},
    warnAt: warningTime(now, expiresAt),
    warned: false,
    unreachable: [],
    history: [],
  };
  return openStage(state, 0, now).state;
}

/** `approval` of the action as everyone outside sees it (contract section 3). */
export function approvalView(state: ApprovalState): ApprovalView {
  return {
    stage: state.stage,
    stages: state.stages.map((stage, index) => ({
      name: stage.name,
      quorum: at(state, index).plan.quorum,
      approvers: [...stage.approvers],
      decisions: stage.decisions.map(({ by, decision, reason, at: time, via, presence }) => ({
        by,
        decision,
        reason,
        at: time,
        via,
        ...(presence === undefined ? {} : { presence }),
      })),
    })),
    expiresAt: new Date(state.expiresAt).toISOString(),
  };
}
