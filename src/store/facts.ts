/** The read model: one row for each action, folded from its sealed records. A row is a claim; the records are the proof. */
import { sql, type Transaction } from 'kysely';
import type { Database, Tables } from './database.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';
import { factConditions } from './fact-conditions.ts';
import { createFactSearch, type FactSearch, type FactSort } from './fact-search.ts';
import { createInboxStore, type InboxStore } from './inbox.ts';
import { recordOf } from './records.ts';
import { quarterOf } from '../audit/index.ts';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { keepAnswers, noteGrown } from './findings.ts';
import { addToDays } from './action-days.ts';
import type { ActionFact } from './action-fact.ts';
import type { LogHead } from './log-types.ts';
import { LOG_WINDOW } from './log-window.ts';

/** A record of the log as the projector reads it. */
export interface LogRecord {
  index: number;
  record: RecordPayload;
}

/** How far the read model is. */
export interface Projected {
  /** Entries of the log that it includes. */
  size: number;
  /** Entries of the log. */
  logSize: number;
}

/** What to do while another process advances a tenant: wait for it, or leave it to that process and return the current size. */
export type WhenBusy = 'wait' | 'leave';

/** Rows, with every record so far of each action, from one snapshot. */
export interface RowsAndRecords {
  rows: ActionFact[];
  actions: LogRecord[][];
}

export interface FactStore extends FactSearch, InboxStore {
  /** Tenants whose log holds more than the rows include. */
  behind(): Promise<string[]>;
  /** How much of the log the rows include. */
  projected(tenant: string): Promise<Projected>;
  /**
   * Includes the next entries of the log, `most` at most, in one transaction: `fold` is given every record so far of each action that has
   * one among them. One process advances a tenant at a time.
   */
  advance(
    tenant: string,
    most: number,
    fold: (actions: readonly (readonly LogRecord[])[]) => Promise<ActionFact[]>,
    whenBusy: WhenBusy,
  ): Promise<Projected>;
  /** Deletes all rows of a tenant, so that they are rebuilt from the first entry on. */
  forget(tenant: string): Promise<void>;
  /** Rows and records of the actions whose first record is in a part of the log, for a comparison. */
  between(tenant: string, from: number, to: number): Promise<RowsAndRecords>;
  /** As {@link FactStore.between}, of these actions: the rows among them that `scope` sees, and their records. */
  ofActions(tenant: string, actions: readonly string[], scope: FactScope): Promise<RowsAndRecords>;
  /**
   * All rows that fit, in pages, from one snapshot.
   *
   * @returns how much of the log they include, and its head then
   */
  each(
    tenant: string,
    query: { filter: FactFilter; sort: FactSort; page: number },
    take: (facts: ActionFact[]) => Promise<void>,
  ): Promise<{ size: number; head: Pick<LogHead, 'size' | 'root' | 'checkpoint'> | null }>;
  /** Numbers of windows, from `from` up to but not including `to`, whose stored times are missing or differ from those of their entries. */
  wrongWindows(tenant: string, from: number, to: number): Promise<number[]>;
}

const isAnswer = (one: LogRecord): one is LogRecord & { record: OtherRecord } => one.record.type === 'finding';

/** Rows of one statement: PostgreSQL takes 65,535 values. */
const ROWS = 500;

export function createFactStore(db: Database): FactStore {
  const sizes = async (on: Database, tenant: string): Promise<Projected> => {
    const { rows } = await sql<Projected>`
      select coalesce((select size from projection where tenant = ${tenant}), 0)::bigint as size,
        coalesce((select size from log_head where tenant = ${tenant}), 0)::bigint as log_size`.execute(on);
    return rows[0] ?? { size: 0, logSize: 0 };
  };
  return {
    ...createFactSearch(db),
    ...createInboxStore(db),
    async behind() {
      const { rows } = await sql<{ tenant: string }>`
        select h.tenant from log_head h left join projection p using (tenant)
        where h.size > coalesce(p.size, 0) order by 1`.execute(db);
      return rows.map(({ tenant }) => tenant);
    },
    projected: (tenant) => sizes(db, tenant),
    async advance(tenant, most, fold, whenBusy) {
      const before = await sizes(db, tenant);
      if (before.size >= before.logSize) return before;
      return db.transaction().execute(async (on) => {
        const from = await lock(on, tenant, whenBusy);
        if (from === null) return before;
        const { logSize } = await sizes(on, tenant);
        const to = Math.min(logSize, from + most);
        if (to <= from) return { size: from, logSize };
        const actions = await recordsOfTouched(on, tenant, from, to);
        const facts = await fold(actions);
        const touched = facts.map(({ action }) => action);
        const begun = actions.flatMap(([first]) => (first?.record.type === 'verdict' ? [first.record] : []));
        // Finished drills: nobody asked for them, so no figure counts them.
        const gone = begun.filter(({ action }) => !touched.includes(action));
        const lost = gone.map(({ action }) => action);
        await addToDays(on, tenant, [...touched, ...lost], '-');
        await write(on, facts);
        await remove(on, tenant, lost);
        await addToDays(on, tenant, touched, '');
        await noteGrown(
          on,
          tenant,
          [...facts, ...gone.map(({ at: askedAt }) => ({ askedAt }))],
          (at) => quarterOf(at).name,
          to,
        );
        await keepAnswers(on, tenant, actions.flat().filter(isAnswer));
        await closeWindows(on, tenant, from, to);
        await on.updateTable('projection').set({ size: to }).where('tenant', '=', tenant).execute();
        return { size: to, logSize };
      });
    },
    async forget(tenant) {
      await db.transaction().execute(async (on) => {
        await sql`insert into projection (tenant, size) values (${tenant}, 0) on conflict do nothing`.execute(on);
        await on.selectFrom('projection').select('size').where('tenant', '=', tenant).forUpdate().execute();
        await on.deleteFrom('actionFact').where('tenant', '=', tenant).execute();
        await sql`delete from action_day where tenant = ${tenant}`.execute(on);
        await on.deleteFrom('findingAnswer').where('tenant', '=', tenant).execute();
        await on.deleteFrom('findingPeriod').where('tenant', '=', tenant).execute();
        await on.deleteFrom('finding').where('tenant', '=', tenant).execute();
        await on.deleteFrom('logWindow').where('tenant', '=', tenant).execute();
        await on.updateTable('projection').set({ size: 0 }).where('tenant', '=', tenant).execute();
      });
    },
    each: (tenant, { filter, sort, page }, take) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (on) => {
          const { size } = await sizes(on, tenant);
          const columns = ['size', 'root', 'checkpoint'] as const;
          const head = await on.selectFrom('logHead').select(columns).where('tenant', '=', tenant).executeTakeFirst();
          const { search } = createFactSearch(on);
          let cursor: string | undefined;
          do {
            const read = await search(tenant, { filter, scope: 'all', sort, cursor, limit: page });
            await take(read.facts);
            cursor = read.nextCursor ?? undefined;
          } while (cursor !== undefined);
          return { size, head: head ?? null };
        }),
    wrongWindows: (tenant, from, to) => wrongWindows(db, tenant, from, to),
    between: (tenant, from, to) =>
      // One snapshot: a row and its records are of the same moment.
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (on) => {
          const { size } = await sizes(on, tenant);
          const rows = await on
            .selectFrom('actionFact')
            .selectAll()
            .where('tenant', '=', tenant)
            .where('firstIndex', '>=', from)
            .where('firstIndex', '<', to)
            .orderBy('firstIndex')
            .execute();
          return { rows, actions: await recordsOfBegun(on, tenant, from, to, size) };
        }),
    ofActions: (tenant, actions, scope) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (on) => {
          const { size } = await sizes(on, tenant);
          let query = on.selectFrom('actionFact').selectAll().where('tenant', '=', tenant);
          for (const condition of factConditions({}, scope)) query = query.where(condition);
          const rows = await query.where('action', 'in', actions).orderBy('firstIndex').execute();
          const seen = rows.map(({ action }) => action);
          return { rows, actions: await recordsOfActions(on, tenant, seen, size) };
        }),
  };
}

async function wrongWindows(db: Database, tenant: string, from: number, to: number): Promise<number[]> {
  const { rows } = await sql<{ number: number }>`
    with noted as (
        select number, first_at, last_at from log_window
        where tenant = ${tenant} and number >= ${from} and number < ${to}),
      whole as (
        select least(${to}::bigint, coalesce((select size from projection where tenant = ${tenant}), 0) / ${LOG_WINDOW})
          as windows),
      due as (
        select index / ${LOG_WINDOW} as number, min(at) as first_at, max(at) as last_at from log_entry, whole
        where tenant = ${tenant} and index >= ${from}::bigint * ${LOG_WINDOW} and index < windows * ${LOG_WINDOW}
        group by 1)
    select coalesce(noted.number, due.number) as number from noted full join due using (number)
    where (noted.first_at, noted.last_at) is distinct from (due.first_at, due.last_at) order by 1`.execute(db);
  return rows.map(({ number }) => number);
}

/** The watermark of a tenant, locked; null while somebody else holds it. */
async function lock(on: Transaction<Tables>, tenant: string, whenBusy: WhenBusy): Promise<number | null> {
  await sql`insert into projection (tenant, size) values (${tenant}, 0) on conflict do nothing`.execute(on);
  const row = on.selectFrom('projection').select('size').where('tenant', '=', tenant).forUpdate();
  return (await (whenBusy === 'wait' ? row : row.skipLocked()).executeTakeFirst())?.size ?? null;
}

interface EntryRow {
  action: string;
  index: number;
  envelope: Buffer;
}

/** By action, each with its records in their order. */
function grouped(rows: readonly EntryRow[]): LogRecord[][] {
  const actions = new Map<string, LogRecord[]>();
  for (const { action, index, envelope } of rows) {
    const records = actions.get(action) ?? [];
    actions.set(action, records);
    records.push({ index, record: recordOf(envelope) });
  }
  return [...actions.values()];
}

async function recordsOfTouched(on: Database, tenant: string, from: number, to: number): Promise<LogRecord[][]> {
  const { rows } = await sql<EntryRow>`
    select e.action, e.index, e.envelope from log_entry e
    where e.tenant = ${tenant} and e.index < ${to}
      and e.action in (select n.action from log_entry n
        where n.tenant = ${tenant} and n.index >= ${from} and n.index < ${to})
    order by e.action, e.seq`.execute(on);
  return grouped(rows);
}

/** Every record below `size` of the actions whose verdict lies in a part of the log. */
async function recordsOfBegun(
  on: Database,
  tenant: string,
  from: number,
  to: number,
  size: number,
): Promise<LogRecord[][]> {
  const { rows } = await sql<EntryRow>`
    select e.action, e.index, e.envelope from log_entry e
    where e.tenant = ${tenant} and e.index < ${size}
      and e.action in (select n.action from log_entry n
        where n.tenant = ${tenant} and n.index >= ${from} and n.index < ${Math.min(to, size)}
          and n.type = 'verdict' and n.seq = 0)
    order by e.action, e.seq`.execute(on);
  return grouped(rows);
}

/** Every record below `size` of actions that a verdict began. */
async function recordsOfActions(
  on: Database,
  tenant: string,
  actions: readonly string[],
  size: number,
): Promise<LogRecord[][]> {
  if (actions.length === 0) return [];
  const { rows } = await sql<EntryRow>`
    select action, index, envelope from log_entry
    where tenant = ${tenant} and index < ${size} and action = any(${actions})
    order by action, seq`.execute(on);
  return grouped(rows);
}

async function remove(on: Database, tenant: string, actions: readonly string[]): Promise<void> {
  if (actions.length === 0) return;
  await on.deleteFrom('actionFact').where('tenant', '=', tenant).where('action', 'in', actions).execute();
}

async function write(on: Database, facts: readonly ActionFact[]): Promise<void> {
  for (let at = 0; at < facts.length; at += ROWS) {
    await on
      .insertInto('actionFact')
      .values(facts.slice(at, at + ROWS))
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'action']).doUpdateSet(({ ref }) => ({
          lastIndex: ref('excluded.lastIndex'),
          decidedAt: ref('excluded.decidedAt'),
          releasedAt: ref('excluded.releasedAt'),
          redeemedAt: ref('excluded.redeemedAt'),
          endedAt: ref('excluded.endedAt'),
          status: ref('excluded.status'),
          releaseBasis: ref('excluded.releaseBasis'),
          approver: ref('excluded.approver'),
          via: ref('excluded.via'),
          expiresAt: ref('excluded.expiresAt'),
          reviewDueAt: ref('excluded.reviewDueAt'),
          reviewedAt: ref('excluded.reviewedAt'),
          delegatedFrom: ref('excluded.delegatedFrom'),
          extended: ref('excluded.extended'),
          changed: ref('excluded.changed'),
          waitMs: ref('excluded.waitMs'),
          amountApproved: ref('excluded.amountApproved'),
          amountReleased: ref('excluded.amountReleased'),
          amountExecuted: ref('excluded.amountExecuted'),
          amountUndisclosed: ref('excluded.amountUndisclosed'),
          reason: ref('excluded.reason'),
          reference: ref('excluded.reference'),
          involved: ref('excluded.involved'),
          awaited: ref('excluded.awaited'),
          returned: ref('excluded.returned'),
        })),
      )
      .execute();
  }
}

/**
 * Stores the times of the windows that are now complete. The rows of a window are taken out first: asked for the least time of all, PostgreSQL would
 * walk the index of times from the log's first entry to the window's, which takes the longer the longer the log is.
 */
async function closeWindows(on: Database, tenant: string, from: number, to: number): Promise<void> {
  for (let number = Math.floor(from / LOG_WINDOW); (number + 1) * LOG_WINDOW <= to; number += 1) {
    await sql`
      with entries as materialized (
        select at from log_entry
        where tenant = ${tenant} and index >= ${number * LOG_WINDOW} and index < ${(number + 1) * LOG_WINDOW})
      insert into log_window (tenant, number, first_at, last_at)
      select ${tenant}, ${number}::bigint, min(at), max(at) from entries
      on conflict do nothing`.execute(on);
  }
}
