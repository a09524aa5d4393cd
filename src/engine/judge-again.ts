import type { ActionRequest, Facts, LimitFact, VerdictRecord } from '../contract/index.ts';
import { asVouched, evaluate, requiredFacts } from '../policy/index.ts';
import type { LimitQuery } from '../store/index.ts';
import { judgementBudget } from './budget.ts';
import type { EngineDeps } from './deps.ts';
import type { Judgment } from './facts.ts';
import { weighAgain } from './identify.ts';
import { COUNTS_LESS, COUNTS_MAX, countsLess, leastCounts, withOwnShares } from './limit-count.ts';
import { peopleFacts } from './oncall.ts';

/**
 * Judges a parked or released action's request once more: after an approver changed it, at its release, and for a fresh permit. Its
 * own reservations are not counted against it, and none are made.
 *
 * @param verdict as it was sealed when the action was asked: what was known then of those who act
 */
export async function judgeAgain(
  deps: Pick<EngineDeps, 'store' | 'register' | 'bundles' | 'directory' | 'oncall' | 'now'>,
  verdict: VerdictRecord,
  bundleHash: string,
  request: ActionRequest,
): Promise<Judgment | null> {
  const { tenant } = verdict;
  const bundle = await deps.bundles.compiled(tenant, bundleHash);
  if (bundle === null) return null;
  const now = deps.now();
  const identity = await weighAgain(deps, tenant, verdict.facts, request);
  const { execution } = verdict.facts;
  const required = requiredFacts(
    bundle,
    asVouched(request, { ...identity, ...(execution === undefined ? {} : { execution }) }),
  );
  const limits = await countedAgain(deps, verdict, required.limits, now);
  const facts: Facts = {
    now: now.toISOString(),
    limits: limits ?? [],
    ...(await peopleFacts(deps, tenant, request, required.people)),
    ...identity,
    // Asked once: what they said holds.
    ...(verdict.facts.advice === undefined ? {} : { advice: verdict.facts.advice }),
    // As approvers saw it; what is executed stays within it.
    ...(execution === undefined ? {} : { execution }),
    // The glass can be broken only when the action is asked.
    ...(request.context?.urgency === 'emergency' ? { spokenFor: [] } : {}),
  };
  const counted = limits === null ? [] : required.limits.map(({ paths }) => paths);
  const refused = (fault: string): Judgment => {
    const faulty = { ...facts, fault };
    return { judgement: evaluate(bundle, request, faulty), facts: faulty, counted };
  };
  if (limits === null) return refused(COUNTS_LESS);
  const { value, silence } = await deps.bundles
    .asking(bundle)
    .judged((by) => evaluate(by, request, facts, { late: judgementBudget() }));
  return silence === null ? { judgement: value, facts, counted } : refused(silence);
}

/** Without the action's own share. Null where the database counts less than the records say, also after newer looks at them. */
async function countedAgain(
  { store, register }: Pick<EngineDeps, 'store' | 'register'>,
  { tenant, action, shares }: VerdictRecord,
  queries: readonly LimitQuery[],
  now: Date,
): Promise<LimitFact[] | null> {
  if (queries.length === 0) return [];
  const ownShares = shares === undefined ? [] : register.shares.open(tenant, action, shares);
  let looked = await register.current(tenant);
  for (let count = 1; ; count += 1) {
    const least = leastCounts(looked, queries, now.getTime());
    const limits = await store.limits.usage(tenant, action, queries, now);
    if (!countsLess(withOwnShares(limits, queries, ownShares, now.getTime()), least)) return limits;
    if (count === COUNTS_MAX) return null;
    looked = await register.atOnce(() => register.current(tenant));
  }
}
