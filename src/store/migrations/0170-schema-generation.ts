import { sql, type Kysely } from 'kysely';

/** Which release the schema is of, and the oldest one that may still run on it (store/migrate). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      'create table schema_generation (one boolean primary key default true check (one), current int not null, oldest int not null)',
    )
    .execute(db);
}
