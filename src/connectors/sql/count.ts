/** Counts rows where they change. The driver's own number misses what a CTE, a cascade, a function or a trigger does. */
import type { TableFact } from '../../contract/index.ts';
import type { Session } from './session.ts';

/** Tables that a statement may change at most. */
export const TABLES_MAX = 50;

const COUNTERS = `
  select schemaname || '.' || relname as name, n_tup_ins::text as inserted, n_tup_upd::text as updated, n_tup_del::text as deleted
  from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0`;

type Counters = ReadonlyMap<string, TableFact>;

export async function counters(session: Session): Promise<Counters> {
  const { rows } = await session.query(COUNTERS);
  return new Map(
    rows.map((row): [string, TableFact] => {
      const [table, inserted, updated, deleted] = ['name', 'inserted', 'updated', 'deleted'].map((key) => row[key]);
      const [i, u, d] = [Number(inserted), Number(updated), Number(deleted)];
      return [String(table), { table: String(table), inserted: i, updated: u, deleted: d }];
    }),
  );
}

/** The difference, because the counters include earlier transactions of the session. */
export function difference(before: Counters, after: Counters): TableFact[] {
  return [...after.values()]
    .map((now): TableFact => {
      const was = before.get(now.table) ?? NOTHING;
      const { table } = now;
      return {
        table,
        inserted: now.inserted - was.inserted,
        updated: now.updated - was.updated,
        deleted: now.deleted - was.deleted,
      };
    })
    .filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

const NOTHING = { inserted: 0, updated: 0, deleted: 0 };

export function totals(tables: readonly TableFact[]) {
  const sum = (of: (table: TableFact) => number): number => tables.reduce((all, table) => all + of(table), 0);
  const inserted = sum((table) => table.inserted);
  const updated = sum((table) => table.updated);
  const deleted = sum((table) => table.deleted);
  return { inserted, updated, deleted, rows: inserted + updated + deleted };
}

/** The first table of which more changes than was judged, or null. */
export function beyond(tables: readonly TableFact[], judged: readonly TableFact[]): string | null {
  const ceilings = new Map(judged.map((table) => [table.table, table]));
  const over = tables.find((now) => {
    const ceiling = ceilings.get(now.table) ?? NOTHING;
    return now.inserted > ceiling.inserted || now.updated > ceiling.updated || now.deleted > ceiling.deleted;
  });
  return over?.table ?? null;
}
