import { sql, type Kysely } from 'kysely';

/** Which cases came with a bundle, by name: a change that deletes some is told to whoever approves it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table bundle add column cases json').execute(db);
}
