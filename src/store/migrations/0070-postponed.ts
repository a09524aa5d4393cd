import { sql, type Kysely } from 'kysely';

/** An erasure that has to wait is put off beside the time for which policy keeps a payload, so that a row says of that what its records say. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table action add column postponed_until timestamptz').execute(db);
}
