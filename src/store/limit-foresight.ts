/**
 * What limits hold as far as this process can tell without asking: what was counted last, and what it took since. It is only believed where the
 * database counts the same under the limits' locks, in the transaction that takes of them.
 */
import { addDecimals, BoundedMap, formatDecimal, parseDecimal } from '../canonical/index.ts';
import type { Reservation } from '../contract/index.ts';
import type { LimitQuery } from './limit-statements.ts';

/** Most limits and keys that are remembered. */
const REMEMBERED = 10_000;
/** Later, something is likely to have left the window. In milliseconds. */
const TRUSTED_MS = 5000;
/** For so long a limit that others take of too, or whose window moves on, is counted each time. In milliseconds. */
const COUNTED_MS = 60_000;

interface Known {
  /** Exact decimal; null where it was foreseen wrongly. */
  used: string | null;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Foresight {
  /** What is used of each, in their order; null where it has to be counted. It is forgotten until somebody says that it was right. */
  of(tenant: string, queries: readonly LimitQuery[], now: Date): string[] | null;
  /** `used` was right, and these were taken. */
  took(tenant: string, queries: readonly LimitQuery[], used: readonly string[], taken: Taken): void;
  /** What was foreseen did not hold. */
  missed(tenant: string, queries: readonly LimitQuery[], now: Date): void;
}

interface Taken {
  reservations: readonly Pick<Reservation, 'limit' | 'key' | 'amount'>[];
  now: Date;
}

export function createForesight(): Foresight {
  const known = new BoundedMap<string, Known>(REMEMBERED);
  const nameOf = (tenant: string, { limit, key, windowMs }: LimitQuery): string =>
    JSON.stringify([tenant, limit, windowMs, ...key]);
  const note = (tenant: string, queries: readonly LimitQuery[], at: number): void => {
    for (const query of queries) known.set(nameOf(tenant, query), { used: null, at });
  };
  const usedOf = (name: string, now: Date): string | null => {
    const { used = null, at = -Infinity } = known.get(name) ?? {};
    const age = now.getTime() - at;
    return age >= 0 && age <= TRUSTED_MS ? used : null;
  };
  return {
    of(tenant, queries, now) {
      const all = queries.map((query) => usedOf(nameOf(tenant, query), now));
      if (all.includes(null)) return null;
      note(tenant, queries, -Infinity);
      return all as string[];
    },
    took(tenant, queries, used, { reservations, now }) {
      for (const [i, query] of queries.entries()) {
        const name = nameOf(tenant, query);
        const before = known.get(name);
        if (before?.used === null && now.getTime() - before.at < COUNTED_MS) continue;
        const mine = reservations.filter(({ limit, key }) => limit === query.limit && isSame(key, query.key));
        const sum = mine.reduce((total, { amount }) => addDecimals(total, exact(amount)), exact(used[i] ?? '0'));
        known.set(name, { used: formatDecimal(sum), at: now.getTime() });
      }
    },
    missed: (tenant, queries, now) => note(tenant, queries, now.getTime()),
  };
}

const exact = (text: string) => parseDecimal(text, Infinity);

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);
