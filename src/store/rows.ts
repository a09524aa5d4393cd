/** Shared queries of the tables whose rows are inserted, found by id, and ended once. */
import { sql, type Selectable } from 'kysely';
import type { Database, Tables } from './database.ts';

type Keyed = 'apiKey' | 'delegation' | 'freeze' | 'passkey' | 'review';

/** The row of that id, or null. */
export async function findRow<Table extends Keyed>(
  db: Database,
  table: Table,
  tenant: string,
  id: string,
): Promise<Selectable<Tables[Table]> | null> {
  const { rows } = await sql<Selectable<Tables[Table]>>`
    select * from ${sql.table(table)} where tenant = ${tenant} and id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** When a row ended, and by whom; a row with null in the first column is live. */
type End = { revokedAt: string; revokedBy?: string } | { liftedAt: string; liftedBy: string };

/** Ends the live row of that id. False when there is none: a row ends once. */
export async function endRow(
  db: Database,
  table: Exclude<Keyed, 'review'>,
  tenant: string,
  id: string,
  end: End,
): Promise<boolean> {
  const columns = Object.entries(end).map(([name, value]) => sql`${sql.ref(name)} = ${value}`);
  const live = sql.ref('liftedAt' in end ? 'liftedAt' : 'revokedAt');
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.join(columns)}
    where tenant = ${tenant} and id = ${id} and ${live} is null`.execute(db);
  return numAffectedRows === 1n;
}
