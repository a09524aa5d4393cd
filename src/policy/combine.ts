import type { ApprovalPlan, Basis, BrokenGlass, Reservation, Verdict, VerdictDecision } from '../contract/index.ts';
import { mergeChanges } from './changes.ts';
import { isGlassLimit } from './break-glass.ts';
import type { Opinion } from './opinion.ts';
import type { Trial } from './trial.ts';
import { mergePlans } from './plan.ts';
import { strictness } from './strictness.ts';

/** Combines the opinions of several policies. */
export interface Combined {
  verdict: Verdict;
  plan: ApprovalPlan | null;
  review: BrokenGlass | null;
  reservations: Reservation[];
}

/** A refusal without a policy to name. */
export function refusedVerdict(bundle: string | null, basis: Basis, reason: string): Verdict {
  return {
    decision: 'refuse',
    basis,
    bundle,
    policy: null,
    rule: null,
    reasons: [reason],
    mode: 'enforce',
    changes: null,
  };
}

/**
 * The strictest opinion wins, and the requirements of the others still hold: all changes, all approvals, all limits. If they conflict, the
 * action is refused as unclear. `opinions` come in the order of policy names and hold at least one.
 */
export function combine(opinions: readonly Opinion[], on: Trial): Combined {
  const strictestOf = Math.max(...opinions.map((opinion) => strictness(opinion.decision)));
  const leading = opinions.filter((opinion) => strictness(opinion.decision) === strictestOf);
  // Among releases, the one that broke the glass comes first, so that an emergency never looks like an ordinary approval.
  const lead = opinions.find((opinion) => opinion.review !== null && strictestOf < 2) ?? leading[0];
  if (lead === undefined)
    return refused(refusedVerdict(on.bundle.hash, 'silence', 'no policy speaks about this action'));
  const decision: VerdictDecision = leading[0]?.decision ?? 'refuse';
  const verdict: Verdict = {
    decision,
    basis: lead.basis,
    bundle: on.bundle.hash,
    policy: lead.policy.name,
    rule: lead.rule?.id ?? null,
    reasons: [...new Set([lead, ...leading].map((opinion) => opinion.reason))],
    mode: 'enforce',
    changes: null,
  };
  if (decision === 'refuse') return refused(verdict);

  const changes = mergeChanges(opinions.flatMap((opinion) => (opinion.changes === null ? [] : [opinion.changes])));
  if (!changes.ok) return refused(unclear(verdict, `${changes.error}; ask their owners to agree`));
  if (Object.keys(changes.value).length > 0) verdict.changes = changes.value;

  const supervising = opinions.flatMap((opinion) => (opinion.draft === null ? [] : [opinion.draft]));
  const plan = supervising.length === 0 ? null : mergePlans(supervising, on.request);
  if (plan !== null && 'unclear' in plan) return refused(unclear(verdict, plan.unclear));
  return {
    verdict,
    plan,
    review: decision === 'supervise' ? null : mergeReviews(opinions),
    // If another policy did not break the glass, the glass counts as unbroken.
    reservations: takenLimits(opinions).filter(({ limit }) => decision !== 'supervise' || !isGlassLimit(limit)),
  };
}

function refused(verdict: Verdict): Combined {
  return { verdict, plan: null, review: null, reservations: [] };
}

function unclear(verdict: Verdict, reason: string): Verdict {
  return { ...verdict, decision: 'refuse', basis: 'unclear', reasons: [reason], changes: null };
}

function takenLimits(opinions: readonly Opinion[]): Reservation[] {
  return opinions.flatMap((opinion) => opinion.reservations).sort((a, b) => (a.limit < b.limit ? -1 : 1));
}

/** All reviewers of all broken glasses, by the earliest time. */
function mergeReviews(opinions: readonly Opinion[]): BrokenGlass | null {
  const reviews = opinions.flatMap((opinion) => (opinion.review === null ? [] : [opinion.review]));
  const [first] = reviews;
  if (first === undefined) return null;
  return {
    by: first.by,
    reason: first.reason,
    approvers: [...new Set(reviews.flatMap((review) => review.approvers))].sort(),
    refs: [...new Set(reviews.flatMap((review) => review.refs))],
    withinMs: Math.min(...reviews.map((review) => review.withinMs)),
  };
}
