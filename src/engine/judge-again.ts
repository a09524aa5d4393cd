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
 * Judges the request of a parked or released action again: after an approver changed it, at its release, and for a fresh permit. The
 * action's reservations are not counted against it, and none are made.
 *
 * @param verdict the sealed first verdict, with the identities that were known then
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
    // Advisers are asked once, and their answers hold.
    ...(verdict.facts.advice === undefined ? {} : { advice: verdict.facts.advice }),
    // The measurement that approvers saw. The execution must stay within it.
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

/** Counts without the action's share. Null when the database still counts less than the records after several tries. */
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
