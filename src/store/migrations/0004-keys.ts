import { sql, type Kysely } from 'kysely';

/** What keys did: from which entry of the log on one is revoked, and the receipt of each record of the key chain. */
const STATEMENTS = [
  `alter table public_key add column revoked_from bigint`,
  // Made when the record was sealed: its checkpoint is signed by the log key of that time.
  `create table key_event (
    tenant text not null, seq integer not null, receipt json not null,
    primary key (tenant, seq))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
