import { sql, type Kysely } from 'kysely';

/** Which process executes a released action now, and how far it got. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table execution (
        tenant text not null, action text not null, lease uuid not null, lease_until timestamptz not null,
        attempts int not null, note json, primary key (tenant, action))`,
    )
    .execute(db);
}
