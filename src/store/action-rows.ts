/** The rows of actions beside the log. They are never trusted, only compared with the records. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { slotName } from './limits.ts';
import type { StoredPermit } from './lives.ts';

/** The rows of one action beside its own. */
export interface RowsOfAction {
  permits: StoredPermit[];
  /** What it holds of limits, `slot` as in {@link limitSlot}; amounts are exact decimal strings. */
  reservations: { limit: string; slot: string; amount: string }[];
  /** How it was judged under limits; null where no row says so. */
  judgement: unknown;
}

/** An entry of the log, with the columns that it is found by. */
export interface IndexedEntry {
  index: number;
  action: string;
  seq: number;
  type: string;
  recordHash: Buffer;
  surface: string | null;
  approver: string | null;
  decision: string | null;
  envelope: Buffer;
}

export interface ActionRowStore {
  /** Ids of actions that a row or an entry of the log names, in order, from `after` on. */
  ids(tenant: string, after: string, limit: number): Promise<string[]>;
  of(tenant: string, action: string): Promise<RowsOfAction>;
  /** Entries from `from` on, in the order of the log. */
  entries(tenant: string, from: number, limit: number): Promise<IndexedEntry[]>;
  /** Hashes of all stored bundles. */
  bundles(tenant: string): Promise<string[]>;
  /** Limits whose running totals are not the sums of what is reserved, in hexadecimal; 100 at most. */
  wrongTotals(tenant: string): Promise<string[]>;
}

export function createActionRowStore(db: Database): ActionRowStore {
  return {
    async ids(tenant, after, limit) {
      const from = (table: string, column: string, more = '') =>
        sql`(select distinct ${sql.ref(column)} as id from ${sql.table(table)}
          where tenant = ${tenant} and ${sql.ref(column)} > ${after} ${sql.raw(more)} order by 1 limit ${limit})`;
      const { rows } = await sql<{ id: string }>`
        select id from (
          ${from('action', 'id')} union ${from('permit', 'action')} union ${from('review', 'action')}
          union ${from('limit_decision', 'action')} union ${from('limit_reservation', 'action')}
          union ${from('log_entry', 'action', `and seq = 0 and type = 'verdict'`)}) as ids
        order by id limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },
    async of(tenant, action) {
      const [permits, reservations, judgement] = await Promise.all([
        db
          .selectFrom('permit')
          .select(['jti', 'action', 'audience', 'requestHash', 'expiresAt', 'redeemedAt'])
          .where('tenant', '=', tenant)
          .where('action', '=', action)
          .execute(),
        db
          .selectFrom('limitReservation')
          .select(['limitName', 'slot', 'amount'])
          .where('tenant', '=', tenant)
          .where('action', '=', action)
          .execute(),
        db
          .selectFrom('limitDecision')
          .select('value')
          .where('tenant', '=', tenant)
          .where('action', '=', action)
          .executeTakeFirst(),
      ]);
      return {
        permits,
        reservations: reservations.map(({ limitName, slot, amount }) => ({
          limit: limitName,
          slot: slotName(slot),
          amount,
        })),
        judgement: judgement?.value ?? null,
      };
    },
    entries: (tenant, from, limit) =>
      db
        .selectFrom('logEntry')
        .select(['index', 'action', 'seq', 'type', 'recordHash', 'surface', 'approver', 'decision', 'envelope'])
        .where('tenant', '=', tenant)
        .where('index', '>=', from)
        .orderBy('index')
        .limit(limit)
        .execute(),
    async bundles(tenant) {
      const rows = await db.selectFrom('bundle').select('hash').where('tenant', '=', tenant).execute();
      return rows.map(({ hash }) => hash);
    },
    async wrongTotals(tenant) {
      const { rows } = await sql<{ slot: Buffer }>`
        with sums as (
          select r.slot, w.width, date_bin(w.width, r.at, timestamptz 'epoch') as start, sum(r.amount) as total
          from limit_reservation r
          cross join (values (interval '1 second'), (interval '1 minute'), (interval '1 hour')) as w(width)
          where r.tenant = ${tenant} group by 1, 2, 3 having sum(r.amount) <> 0),
        totals as (select slot, width, start, total from limit_total where tenant = ${tenant} and total <> 0)
        select distinct slot from (
          (select * from sums except select * from totals) union all (select * from totals except select * from sums)
        ) as wrong limit 100`.execute(db);
      return rows.map(({ slot }) => slot.toString('hex'));
    },
  };
}
