import { sql, type Kysely } from 'kysely';

/** Which cases came with a bundle, by name: approvers of a change learn which cases it deletes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table bundle add column cases json').execute(db);
}
