/** Standing approvals that may cover a request, and what is counted against each. */
import type { GrantFact, LimitFact, Reservation } from '../contract/index.ts';
import { amountAsked, type CompiledBundle, type VouchedRequest } from '../policy/index.ts';
import type { GrantInForce } from '../register/index.ts';
import { covers } from '../sealing/index.ts';
import type { LimitQuery } from '../store/index.ts';

/** A grant, and what this request would take of it. */
export interface Grantable {
  fact: Omit<GrantFact, 'used' | 'sum'>;
  uses: LimitQuery;
  /** Null where it has no bound of money. */
  sum: LimitQuery | null;
}

/** Current grants with the same policy, surface, verb and actor. The verdict compares rule and effect. */
export function grantsFor(
  grants: Iterable<GrantInForce>,
  bundle: CompiledBundle,
  request: VouchedRequest,
  now: number,
): Grantable[] {
  return [...grants].flatMap((grant): Grantable[] => {
    const policy = bundle.policies.find(({ name }) => name === grant.policy);
    const like =
      grant.revokedAt === null &&
      Date.parse(grant.until) > now &&
      grant.surface === request.surface &&
      grant.verb === request.action &&
      grant.actor === request.actor.id;
    if (!like || policy === undefined) return [];
    const asked = amountAsked(policy, request);
    const { id, record, action, rule, by, until, upTo, currency } = grant;
    // The record of each use shows this value.
    const counts =
      upTo !== null &&
      asked.currency === currency &&
      policy.disclose.some((path) => covers(path, policy.sameness.amount));
    const amount = counts ? asked.value : null;
    return [
      {
        fact: {
          grant: id,
          record,
          action,
          policy: policy.name,
          rule,
          by,
          until,
          uses: grant.uses,
          upTo,
          currency,
          amount,
        },
        ...countersOfGrant(grant, now),
      },
    ];
  });
}

/** The capital letter keeps this apart from the limits of policies, which have none. */
export function countersOfGrant(
  { policy, record, at, upTo }: Pick<GrantInForce, 'policy' | 'record' | 'at' | 'upTo'>,
  now: number,
): Pick<Grantable, 'uses' | 'sum'> {
  const counted = { key: [record], windowMs: Math.max(1, now - Date.parse(at) + 1) };
  return {
    uses: { limit: `${policy}/grantUses`, ...counted },
    sum: upTo === null ? null : { limit: `${policy}/grantSum`, ...counted },
  };
}

/** Their counters. */
export const countersOfGrants = (grants: readonly Grantable[]): LimitQuery[] =>
  grants.flatMap(({ uses, sum }) => (sum === null ? [uses] : [uses, sum]));

/** The facts that the verdict reads. */
export function grantFacts(grants: readonly Grantable[], limits: readonly LimitFact[]): GrantFact[] {
  const used = ({ limit, key }: LimitQuery): string =>
    limits.find((one) => one.limit === limit && one.key[0] === key[0])?.used ?? '0';
  return grants.map(({ fact, uses, sum }) => ({
    ...fact,
    used: Number(used(uses)),
    sum: sum === null ? '0' : used(sum),
  }));
}

/** The share that an action reserves of the grant that covers it. It counts until the grant expires. @param now in milliseconds since the epoch */
export function grantShares(grants: readonly Grantable[], covering: GrantFact | undefined, now: number): Reservation[] {
  const grant = grants.find(({ fact }) => fact.grant === covering?.grant);
  if (grant === undefined) return [];
  const { fact, uses, sum } = grant;
  const windowMs = Math.max(1, Date.parse(fact.until) - now);
  const money = sum === null ? [] : [{ ...sum, windowMs, amount: fact.amount ?? '0', max: fact.upTo ?? '0' }];
  return [{ ...uses, windowMs, amount: '1', max: String(fact.uses) }, ...money];
}
