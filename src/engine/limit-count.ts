/** Limits by the sealed records: the database counts, and its count holds only if it is at least what the records say. */
import { addDecimals, compareDecimals, formatDecimal, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { LimitFact, Reservation } from '../contract/index.ts';
import { isGlassLimit } from '../policy/index.ts';
import type { Looked, LimitShare } from '../register/index.ts';
import { limitSlot, reservationStays, type LimitQuery } from '../store/index.ts';

/** Reservations as the verdict's record holds them. @param at milliseconds since the epoch */
export function sharesOfReservations(reservations: readonly Reservation[], at: number): LimitShare[] {
  return reservations.map(({ limit, key, amount, windowMs }) => ({
    slot: limitSlot(limit, key),
    amount,
    at,
    until: at + windowMs,
    stays: isGlassLimit(limit),
  }));
}

const exact = (text: string): Decimal => parseDecimal(text, Infinity);

/** The least that each query has to find, by the sealed records. @param now in milliseconds since the epoch */
export const leastCounts = (
  { limitShares }: Pick<Looked, 'limitShares'>,
  queries: readonly LimitQuery[],
  now: number,
): Decimal[] => queries.map(({ limit, key, windowMs }) => limitShares.atLeast(limitSlot(limit, key), now - windowMs));

/** Whether the database counts less, because rows are gone or were edited. @param counted in the order of the queries */
export const countsLess = (counted: readonly Pick<LimitFact, 'used'>[], least: readonly Decimal[]): boolean =>
  least.some((one, index) => compareDecimals(exact(counted[index]?.used ?? '0'), one) < 0);

/** The database's counts plus the action's shares, which it leaves out. */
export const withOwnShares = (
  counted: readonly LimitFact[],
  queries: readonly LimitQuery[],
  ownShares: readonly LimitShare[],
  now: number,
): Pick<LimitFact, 'used'>[] =>
  counted.map(({ used }, index) => {
    const query = queries[index];
    const theirs = ownShares.filter(
      ({ slot, at }) => query !== undefined && slot === limitSlot(query.limit, query.key) && at > now - query.windowMs,
    );
    return {
      used: formatDecimal(theirs.reduce((sum, { amount }) => addDecimals(sum, exact(amount)), exact(used))),
    };
  });

/** The most counts. A share may be given back between the read of the records and the count, so one low count proves nothing. */
export const COUNTS_MAX = 8;

/** Why such a count releases nothing, in words for the verdict's record. */
export const COUNTS_LESS =
  'the database counts less of a limit than the sealed records say: somebody deleted or edited rows of it; run `countersign audit`';

/**
 * Compares what the database holds of an action's shares with what its records say. A share that has expired by the records may or may not be swept away yet. Any other share must be there.
 *
 * @returns how many required shares there are, and how many there should be; null where they agree
 */
export function heldAmiss(
  rows: readonly Pick<LimitShare, 'slot' | 'amount'>[],
  shares: readonly LimitShare[],
  { now, bySlot }: { now: number; bySlot: boolean },
): { rows: number; shares: number } | null {
  const name = ({ slot, amount }: Pick<LimitShare, 'slot' | 'amount'>): string =>
    `${bySlot ? slot : ''} ${formatDecimal(exact(amount))}`;
  const left = rows.map(name);
  const take = (share: LimitShare): boolean => {
    const at = left.indexOf(name(share));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  const stays = shares.filter((share) => reservationStays(share) >= now);
  const present = stays.filter(take).length;
  for (const share of shares) if (!stays.includes(share)) take(share);
  return present === stays.length && left.length === 0 ? null : { rows: present + left.length, shares: stays.length };
}
