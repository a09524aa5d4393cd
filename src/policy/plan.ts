import { actingIds } from '../contract/acting.ts';
import {
  DEFAULT_DOORS,
  includesId,
  type ApprovalPlan,
  type ApprovalStagePlan,
  type Door,
  type Facts,
} from '../contract/index.ts';
import type { CompiledApproval, CompiledStage } from './compiled.ts';
import type { Frame } from './conditions/index.ts';
import { resolve } from './people.ts';
import { ownersOf, type VouchedRequest } from './vouched.ts';

/** An approval with its people resolved, before four eyes: several policies are merged first. */
export interface PlanDraft {
  approval: CompiledApproval;
  stages: (ApprovalStagePlan & { nobody: string[] })[];
}

/** How people are asked when no rule asks them: after an earlier refusal, and on advice. */
export const ASKED_BESIDE: CompiledApproval = {
  stages: [],
  expiresMs: 24 * 3_600_000,
  extendUpToMs: null,
  reason: 'optional',
  fourEyes: true,
  mayChange: [],
  blind: false,
  via: [...DEFAULT_DOORS],
};

/** Resolves everyone that an approval names. */
export function draftPlan(approval: CompiledApproval, frame: Frame, facts: Facts): PlanDraft {
  return { approval, stages: approval.stages.map((stage) => draftStage(stage, frame, facts)) };
}

/** One stage with its people, before four eyes. */
export function draftStage(stage: CompiledStage, frame: Frame, facts: Facts): PlanDraft['stages'][number] {
  const resolved = resolve(stage.approvers, frame, facts);
  const later = stage.escalate === null ? null : resolve(stage.escalate.to, frame, facts);
  return {
    name: stage.name,
    quorum: stage.quorum,
    refusals: stage.refusals,
    refs: resolved.refs,
    approvers: resolved.people,
    remindMs: stage.remindMs,
    escalate:
      stage.escalate === null || later === null
        ? null
        : { afterMs: stage.escalate.afterMs, refs: later.refs, approvers: later.people },
    assurance: stage.assurance,
    nobody: resolved.nobody,
  };
}

/**
 * One plan out of the drafts of all policies that supervise, in the order of their names: stages follow one another, the
 * shortest expiry holds, a reason or four eyes is asked if any asks it, an approver may change and use only what all allow.
 * A sentence instead when somebody needed cannot be found: then nobody could ever decide, and the action is refused.
 */
export function mergePlans(drafts: readonly PlanDraft[], request: VouchedRequest): ApprovalPlan | { unclear: string } {
  const approvals = drafts.map((draft) => draft.approval);
  const fourEyes = approvals.some((approval) => approval.fourEyes);
  const excluded = fourEyes ? [...new Set([...actingIds(request.actor), ...ownersOf(request)])] : [];
  const stages: ApprovalStagePlan[] = [];
  for (const { nobody, ...stage } of drafts.flatMap((draft) => draft.stages)) {
    const approvers = stage.approvers.filter((person) => !includesId(excluded, person));
    if (approvers.length < stage.quorum) return { unclear: tooFew(stage, approvers, nobody) };
    stages.push({ ...stage, approvers, escalate: withoutExcluded(stage.escalate, excluded) });
  }
  const via = shared<Door>(approvals.map((approval) => approval.via));
  if (via.length === 0)
    return { unclear: 'the policies that ask for approval allow no door in common; let them share one' };
  const extensions = approvals.map((approval) => approval.extendUpToMs);
  return {
    stages,
    expiresMs: Math.min(...approvals.map((approval) => approval.expiresMs)),
    extendUpToMs: extensions.includes(null) ? null : Math.min(...extensions.map((ms) => ms ?? 0)),
    reason: approvals.some((approval) => approval.reason === 'required') ? 'required' : 'optional',
    fourEyes,
    excluded,
    mayChange: shared(approvals.map((approval) => approval.mayChange)),
    via,
    ...(approvals.every((approval) => approval.blind) ? { blind: true as const } : {}),
  };
}

/** An escalation that resolves to nobody is dropped. The stage itself can still be decided, or expires. */
function withoutExcluded(
  escalate: ApprovalStagePlan['escalate'],
  excluded: readonly string[],
): ApprovalStagePlan['escalate'] {
  if (escalate === null) return null;
  const approvers = escalate.approvers.filter((person) => !includesId(excluded, person));
  return approvers.length === 0 ? null : { ...escalate, approvers };
}

function tooFew(stage: ApprovalStagePlan, left: readonly string[], nobody: readonly string[]): string {
  const asked = [...new Set([...stage.refs, ...nobody])].join(', ');
  const excluded = stage.approvers.length - left.length;
  const why = excluded > 0 ? '; whoever asks, is acted for, or owns an agent that acts cannot approve' : '';
  const have = left.length === 0 ? 'nobody' : `only ${left.length} of the ${stage.quorum} people needed`;
  return `stage \`${stage.name}\` (${asked}) finds ${have}${why}; ask the directory's owner to name an approver`;
}

function shared<T>(lists: readonly (readonly T[])[]): T[] {
  const [first = [], ...rest] = lists;
  return first.filter((item) => rest.every((list) => list.includes(item)));
}
