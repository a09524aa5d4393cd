import { sql, type Kysely } from 'kysely';

/** Attempts are read by auditors, newest first; who presented no good credential is counted by address and hour. */
const STATEMENTS = [
  `create index attempt_newest on attempt (tenant, id desc)`,
  `create table unauthenticated (
    address text not null, hour timestamptz not null, times bigint not null, last_at timestamptz not null,
    primary key (hour, address))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
