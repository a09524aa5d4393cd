import type { ActionRequest, Facts, VerdictRecord } from '../contract/index.ts';
import { asVouched, evaluate, requiredFacts } from '../policy/index.ts';
import { judgementBudget } from './budget.ts';
import type { EngineDeps } from './deps.ts';
import type { Judgment } from './facts.ts';
import { weighAgain } from './identify.ts';
import { peopleFacts } from './judge.ts';

/**
 * Judges a parked or released action's request once more: after an approver changed it, at its release, and for a fresh permit. Its
 * own reservations are not counted against it, and none are made.
 *
 * @param verdict as it was sealed when the action was asked: what was known then of those who act
 */
export async function judgeAgain(
  deps: Pick<EngineDeps, 'store' | 'bundles' | 'directory' | 'now'>,
  verdict: VerdictRecord,
  bundleHash: string,
  request: ActionRequest,
): Promise<Judgment | null> {
  const { tenant, action: id } = verdict;
  const bundle = await deps.bundles.compiled(tenant, bundleHash);
  if (bundle === null) return null;
  const now = deps.now();
  const identity = await weighAgain(deps, tenant, verdict.facts.identities, request);
  const { execution } = verdict.facts;
  const required = requiredFacts(bundle, asVouched(request, identity.identities, execution));
  const facts: Facts = {
    now: now.toISOString(),
    limits: await deps.store.limits.usage(tenant, id, required.limits, now),
    people: peopleFacts(deps.directory.current(tenant), request, required.people),
    ...identity,
    // As approvers saw it; what is executed stays within it.
    ...(execution === undefined ? {} : { execution }),
    // The glass can be broken only when the action is asked.
    ...(request.context?.urgency === 'emergency' ? { spokenFor: [] } : {}),
  };
  const { value, silence } = await deps.bundles
    .asking(bundle)
    .judged((by) => evaluate(by, request, facts, { late: judgementBudget() }));
  const refused = silence === null ? null : { ...facts, fault: silence };
  return {
    judgement: refused === null ? value : evaluate(bundle, request, refused),
    facts: refused ?? facts,
    counted: required.limits.map(({ paths }) => paths),
  };
}
