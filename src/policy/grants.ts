/** Standing approvals: what an approver may give one for, and which of them covers a request. */
import { addDecimals, compareDecimals, formatDecimal, parseSum, type Decimal } from '../canonical/index.ts';
import type { ApprovalPlan, EffectKind, Facts, GrantBounds, GrantFact } from '../contract/index.ts';
import type { Combined } from './combine.ts';
import type { Opinion } from './opinion.ts';

/**
 * What policy lets an approver grant with an approval of this request. Null where several policies ask, the effect cannot be undone, or it
 * takes more than one person or a passkey.
 */
export function grantable(
  opinions: readonly Opinion[],
  plan: ApprovalPlan,
  effect: EffectKind | null,
): GrantBounds | null {
  const asking = opinions.filter(({ draft }) => draft !== null);
  const [stage] = plan.stages;
  // A person looks at what an adviser wants looked at.
  if (opinions.some(({ advised }) => advised === true)) return null;
  const alone = asking.length === 1 && plan.stages.length === 1 && stage?.quorum === 1 && stage.assurance === null;
  return alone && effect !== 'irreversible' ? (asking[0]?.policy.grants ?? null) : null;
}

/** A request that a standing approval covers is released by it. Otherwise people are asked, as policy says. */
export function underGrant(
  combined: Combined,
  bounds: GrantBounds | null,
  facts: Facts,
): Combined & { grant?: GrantFact } {
  const { verdict, plan } = combined;
  if (plan === null || bounds === null || verdict.decision !== 'supervise' || verdict.basis !== 'rule') return combined;
  const grant = (facts.grants ?? []).find((one) => covers(one, combined, bounds, facts));
  if (grant === undefined) return { ...combined, plan: { ...plan, grants: bounds } };
  const sum = grant.upTo === null ? '' : `, ${added(grant)} of ${grant.upTo} in all`;
  const reason = `covered by the standing approval ${grant.grant} of ${grant.by} until ${grant.until}: ${String(grant.used + 1)} of ${String(grant.uses)}${sum}`;
  return {
    ...combined,
    plan: null,
    grant,
    verdict: { ...verdict, decision: 'approve', basis: 'grant', reasons: [reason] },
  };
}

/** The giver of the grant must be an approver of this request now. So a grant ends with its giver's authority, and four eyes hold. */
function covers(grant: GrantFact, { verdict, plan }: Combined, bounds: GrantBounds, { now }: Facts): boolean {
  const { policy, rule, by, until, uses, used } = grant;
  if (policy !== verdict.policy || rule !== verdict.rule || now >= until) return false;
  if (plan?.stages[0]?.approvers.includes(by) !== true) return false;
  if (used + 1 > Math.min(uses, bounds.uses)) return false;
  const most = [grant.upTo, bounds.upTo].filter((amount) => amount !== null);
  if (most.length === 0) return true;
  return (
    grant.amount !== null && most.every((amount) => compareDecimals(sumOf(grant, grant.amount), parseSum(amount)) <= 0)
  );
}

const sumOf = ({ sum }: GrantFact, amount: string | null): Decimal =>
  addDecimals(parseSum(sum), parseSum(amount ?? '0'));
const added = (grant: GrantFact): string => formatDecimal(sumOf(grant, grant.amount));
