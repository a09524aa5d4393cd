import { sql, type Kysely } from 'kysely';

/** Questions of the console that somebody gave a name to, so that a colleague opens the same one. No evidence: nothing rests on them. */
const STATEMENTS = [
  `create table saved_view (
    tenant text not null, id text not null, name text not null, query text not null, columns text[] not null, by text not null,
    at timestamptz not null, primary key (tenant, id))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
