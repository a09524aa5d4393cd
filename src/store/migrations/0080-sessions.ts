import { sql, type Kysely } from 'kysely';

/** Where the session of a token is looked for. What it is for, and whether it counts, its sealed record says. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table session (
      hash text primary key,
      tenant text not null,
      id text not null,
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index session_expires on session (expires_at)`.execute(db);
}
