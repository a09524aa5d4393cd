import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Json, LimitFact, Reservation } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';

/** One limit that a request touches, as policy asks for it. */
export interface LimitQuery {
  /** `policy/limit` */
  limit: string;
  /** Values of the key fields, in the policy's order. */
  key: string[];
  windowMs: number;
}

/**
 * Limits as reservations: what an action takes is written in the transaction that judged it, so two actions can never both fit
 * where only one does.
 */
export interface LimitStore {
  /**
   * Judges under the limits' locks. In one transaction: takes the locks of all `queries` in one order, sums what other actions have
   * reserved inside each sliding window ending at `now`, calls `decide`, stores its reservations and its value.
   *
   * Once decided, an action stays decided: a second call, also at the same time in another process, answers the stored value without
   * calling `decide`. `decide` runs inside the transaction: it asks nobody, least of all this store.
   * The decision is on disk with the next record that is sealed, and before any record that rests on it.
   */
  decide<T extends Json>(
    tenant: string,
    action: string,
    queries: readonly LimitQuery[],
    now: Date,
    decide: (facts: LimitFact[]) => Promise<{ reservations: readonly Reservation[]; value: T }>,
  ): Promise<T>;
  /** How the limits stand, without what this action itself holds. Takes no lock and reserves nothing. */
  usage(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): Promise<LimitFact[]>;
  /** Gives back what an action holds. */
  release(tenant: string, action: string): Promise<void>;
}

/** Identity of one limit and key: a digest, since keys are callers' text of any length. */
function slotOf(limit: string, key: readonly string[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([limit, ...key]))
    .digest();
}

/** Advisory lock ids in one order for everybody, so that no two transactions wait for each other. */
function lockIds(tenant: string, names: readonly (readonly string[])[]): string[] {
  const ids = names.map((name) =>
    createHash('sha256')
      .update(JSON.stringify(['countersign limit', tenant, ...name]))
      .digest()
      .readBigInt64BE(),
  );
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)).map(String);
}

async function usage(
  db: Database | Transaction<Tables>,
  tenant: string,
  action: string,
  queries: readonly LimitQuery[],
  now: Date,
): Promise<LimitFact[]> {
  if (queries.length === 0) return [];
  const slots = queries.map(({ limit, key }) => slotOf(limit, key));
  const since = queries.map(({ windowMs }) => new Date(now.getTime() - windowMs).toISOString());
  const { rows } = await sql<{ used: string }>`
    select trim_scale(coalesce(sum(r.amount), 0))::text as used
    from unnest(${slots}::bytea[], ${since}::timestamptz[]) with ordinality as q(slot, since, n)
    left join limit_reservation r
      on r.tenant = ${tenant} and r.slot = q.slot and r.at > q.since and r.action <> ${action}
    group by q.n order by q.n`.execute(db);
  return queries.map(({ limit, key }, i) => ({ limit, key: [...key], used: rows[i]?.used ?? '0' }));
}

export function createLimitStore(db: Database): LimitStore {
  return {
    usage: (tenant, action, queries, now) => usage(db, tenant, action, queries, now),
    decide<T extends Json>(
      tenant: string,
      action: string,
      queries: readonly LimitQuery[],
      now: Date,
      decide: (facts: LimitFact[]) => Promise<{ reservations: readonly Reservation[]; value: T }>,
    ): Promise<T> {
      const locks = lockIds(tenant, [['action', action], ...queries.map(({ limit, key }) => ['limit', limit, ...key])]);
      return db.transaction().execute(async (transaction) => {
        // Not waited for on disk: what was decided here counts for nothing until its record is sealed, and that commit, later in the
        // same write-ahead log, brings this one to disk with it.
        await sql`
          with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value)
          select pg_advisory_xact_lock(id) from relaxed, unnest(${locks}::bigint[]) as id`.execute(transaction);
        // A new statement, so that it sees what whoever held the locks before has committed.
        const before = await transaction
          .selectFrom('limitDecision')
          .select('value')
          .where('tenant', '=', tenant)
          .where('action', '=', action)
          .executeTakeFirst();
        if (before !== undefined) return before.value as T;
        const { reservations, value } = await decide(await usage(transaction, tenant, action, queries, now));
        const at = now.toISOString();
        if (reservations.length > 0) {
          await transaction
            .insertInto('limitReservation')
            .values(
              reservations.map(({ limit, key, amount }) => ({
                tenant,
                action,
                slot: slotOf(limit, key),
                limitName: limit,
                key: JSON.stringify(key),
                amount,
                at,
              })),
            )
            .execute();
        }
        await transaction
          .insertInto('limitDecision')
          .values({ tenant, action, value: JSON.stringify(value), at })
          .execute();
        return value;
      });
    },
    async release(tenant, action) {
      await db.deleteFrom('limitReservation').where('tenant', '=', tenant).where('action', '=', action).execute();
    },
  };
}
