import { sql, type Kysely } from 'kysely';

/** What waits to be announced with others, at each place; and the messages in which they were. */
const STATEMENTS = [
  `create table digest (
    tenant text not null, id text not null, target text not null, workspace text, channel text, ts text, why text,
    at timestamptz not null, busy_until timestamptz,
    primary key (tenant, id))`,
  `create table digest_entry (
    tenant text not null, action text not null, target text not null, due timestamptz not null, digest text,
    primary key (tenant, action, target),
    foreign key (tenant, digest) references digest (tenant, id))`,
  `create index digest_entry_waiting on digest_entry (tenant, target) where digest is null`,
  `create index digest_entry_of on digest_entry (tenant, digest) where digest is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
