import { sql, type Kysely } from 'kysely';

/** Which action this one takes back. Few do, so the index holds few. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table action add column reverses text').execute(db);
  await sql.raw('create index action_reverses on action (tenant, reverses) where reverses is not null').execute(db);
}
