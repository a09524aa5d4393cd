import { addDecimals, formatDecimal, parseDecimal } from '../canonical/index.ts';
import type { LimitFact, Reservation } from '../contract/index.ts';
import {
  factsOf,
  inOrder,
  limitSlot,
  locksOf,
  lockStatement,
  openingOf,
  queryValues,
  RELAXED,
  takeStatement,
  USAGE,
  usageStatement,
  writeStatement,
  type LimitAsk,
  type LimitDecision,
  type LimitQuery,
} from './limit-statements.ts';
import { createBatches, type LockWaiter } from './limit-batches.ts';
import { createForesight } from './limit-foresight.ts';
import type { Postgres } from './postgres.ts';
import type { Alongside } from './log-types.ts';
import type { Committing, Statement } from './transactions.ts';

export { limitSlot, slotName, type LimitQuery } from './limit-statements.ts';

/** A judgement, and its shares of limits. */
export interface DecidedLimits<T> {
  reservations: readonly Reservation[];
  /** Kept as JSON. */
  value: T;
}

/** A count that was made without a lock, or foreseen. */
export interface LimitGlance {
  facts: LimitFact[];
  /**
   * Stores the decision that rests on this count, in one round trip under the limits' locks. False, with nothing stored, where a share was
   * taken or given back since, or the action is decided already. Then {@link LimitStore.decide} counts again.
   */
  take(decided: DecidedLimits<unknown>): Promise<boolean>;
  /** The same, to be written in the transaction of the record that rests on it. */
  alongside(decided: DecidedLimits<unknown>): Alongside;
  /** What was written alongside a record is committed. */
  taken(decided: DecidedLimits<unknown>): void;
  /** Must be called once, whatever happened. Other callers may glance from then on. */
  end(): void;
}

/**
 * Limits as reservations. An action's share is written in the transaction that judged it, so two actions can never both take what is enough
 * for one.
 */
export interface LimitStore {
  /**
   * Judges under the limits' locks. In one transaction: takes the locks of all `queries` in one order, sums what other actions have
   * reserved inside each sliding window ending at `now`, calls `decide`, stores its reservations and its value.
   *
   * Once decided, an action stays decided: a second call, also a concurrent one of another process, answers the stored value without
   * calling `decide`. The value is kept as JSON. `decide` runs inside the transaction, under the locks, so it must not wait for anything
   * that could wait for them.
   *
   * Answers as soon as it is decided. Seal a record that rests on it after `committed`; that brings the decision to disk too.
   */
  decide<T>(
    tenant: string,
    action: string,
    queries: readonly LimitQuery[],
    now: Date,
    decide: (facts: LimitFact[]) => Promise<DecidedLimits<T>>,
  ): Promise<Committing<T>>;
  /**
   * Counts without a lock, for callers that have to wait for something else before anything may be written; without asking, where this process
   * knows what it took last. Null while another call in this process counts one of these limits, because the two would only invalidate each other.
   */
  glance(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): Promise<LimitGlance | null>;
  /** The current use of the limits, without this action's own share. Takes no lock and reserves nothing. */
  usage(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): Promise<LimitFact[]>;
  /** Gives back what an action holds. */
  release(tenant: string, action: string): Promise<void>;
}

/** A decision that waits for its locks. */
interface Deciding extends LockWaiter, LimitAsk {
  decide(facts: LimitFact[]): Promise<DecidedLimits<unknown>>;
  resolve(decided: Committing<unknown>): void;
  reject(error: unknown): void;
}

/** What those before one of the same batch took. The database does not know it yet. */
class Taken {
  readonly #shares = new Map<string, { at: number; amount: string }[]>();

  add({ now, reservations }: LimitDecision): void {
    for (const { limit, key, amount } of reservations) {
      const slot = limitSlot(limit, key);
      this.#shares.set(slot, [...(this.#shares.get(slot) ?? []), { at: now.getTime(), amount }]);
    }
  }

  /** `used` by the database, and what was taken since that the window of the query holds. */
  withThese(used: string, { limit, key, windowMs }: LimitQuery, now: Date): string {
    const shares = this.#shares.get(limitSlot(limit, key)) ?? [];
    const inside = shares.filter(({ at }) => at > now.getTime() - windowMs);
    if (inside.length === 0) return used;
    const exact = (text: string) => parseDecimal(text, Infinity);
    return formatDecimal(inside.reduce((sum, { amount }) => addDecimals(sum, exact(amount)), exact(used)));
  }
}

/**
 * Decides a batch in one transaction: takes the locks of all, counts for all, and asks one after the other, each of whom finds what those before
 * took. Who fails is left out.
 */
async function decideBatch({ locking }: Pick<Postgres, 'locking'>, batch: readonly Deciding[]): Promise<void> {
  const tenant = batch[0]?.tenant ?? '';
  const reads = [lockStatement(inOrder(batch.flatMap(({ locks }) => locks))), usageStatement(tenant, batch)];
  const decideAll = async ([row]: { used: string[]; before: Record<string, unknown> }[]) => {
    const [taken, made] = [new Taken(), [] as LimitDecision[]];
    let counted = 0;
    for (const one of batch) {
      const { action, queries, now } = one;
      const used = row?.used.slice(counted, (counted += queries.length)) ?? [];
      const before = row?.before[action];
      if (before !== undefined) {
        one.resolve({ value: before, committed });
        continue;
      }
      try {
        const all = queries.map((query, i) => taken.withThese(used[i] ?? '0', query, now));
        const decided = { action, now, ...(await one.decide(factsOf(queries, all))) };
        taken.add(decided);
        made.push(decided);
        one.resolve({ value: decided.value, committed });
      } catch (error) {
        one.reject(error);
      }
    }
    return { value: null, write: made.length === 0 ? null : writeStatement(tenant, made) };
  };
  const committed: Promise<void> = locking(RELAXED, reads, decideAll).then((written) => written.committed);
  try {
    await committed;
  } catch (error) {
    for (const one of batch) one.reject(error);
  }
}

export function createLimitStore({ askLimits, db, locking, lockedWrite }: Postgres): LimitStore {
  const foresight = createForesight();
  const enqueue = createBatches<Deciding>((batch) => decideBatch({ locking }, batch));
  /** The locks that are in use in this process now, and how often. */
  const counting = new Map<string, number>();
  const begin = (ids: readonly string[]): (() => void) => {
    for (const id of ids) counting.set(id, (counting.get(id) ?? 0) + 1);
    return () => {
      for (const id of ids) {
        const left = (counting.get(id) ?? 1) - 1;
        if (left === 0) counting.delete(id);
        else counting.set(id, left);
      }
    };
  };
  const usage: LimitStore['usage'] = async (tenant, action, queries, now) => {
    if (queries.length === 0) return [];
    const values = queryValues(tenant, [{ action, queries, now }]);
    const [row] = await askLimits<{ used: string[] }>({ name: 'limit-usage', text: USAGE, values });
    return factsOf(queries, row?.used);
  };
  return {
    usage,
    async glance(tenant, action, queries, now) {
      const ask = { action, queries, now };
      const ids = locksOf(tenant, ask);
      if (ids.some((id) => counting.has(id))) return null;
      const end = begin(ids);
      try {
        const foreseen = foresight.of(tenant, queries, now);
        const facts = foreseen === null ? await usage(tenant, action, queries, now) : factsOf(queries, foreseen);
        const used = facts.map((fact) => fact.used);
        const taking = (decided: DecidedLimits<unknown>): Statement => takeStatement(tenant, ask, decided, used);
        const taken = ({ reservations }: DecidedLimits<unknown>): void =>
          foresight.took(tenant, queries, used, { reservations, now });
        return {
          facts,
          taken,
          end,
          async take(decided) {
            const isTaken = (await lockedWrite(openingOf(ids), taking(decided))).length === 1;
            if (isTaken) taken(decided);
            else if (foreseen !== null) foresight.missed(tenant, queries, now);
            return isTaken;
          },
          alongside: (decided) => ({ locks: ids, write: taking(decided) }),
        };
      } catch (error) {
        end();
        throw error;
      }
    },
    async decide<T>(
      tenant: string,
      action: string,
      queries: readonly LimitQuery[],
      now: Date,
      decide: (facts: LimitFact[]) => Promise<DecidedLimits<T>>,
    ): Promise<Committing<T>> {
      const locks = locksOf(tenant, { action, queries, now });
      const end = begin(locks);
      try {
        const waiting = { tenant, action, queries, now, locks, decide };
        const decided = await new Promise<Committing<unknown>>((resolve, reject) =>
          enqueue({ ...waiting, resolve, reject }),
        );
        // What is stored of an action is what its own `decide` made.
        return decided as Committing<T>;
      } finally {
        end();
      }
    },
    async release(tenant, action) {
      await db.deleteFrom('limitReservation').where('tenant', '=', tenant).where('action', '=', action).execute();
    },
  };
}
