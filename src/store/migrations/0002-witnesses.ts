import { sql, type Kysely } from 'kysely';

/** What witnesses cosigned, each with the checkpoint as it was then; and what was anchored last, and where. */
const STATEMENTS = [
  `create table log_cosignature (
    tenant text not null, size bigint not null, witness text not null, checkpoint text not null, line text not null,
    at timestamptz not null,
    primary key (tenant, size, witness))`,
  `create index log_cosignature_witness on log_cosignature (tenant, witness, size)`,
  `create table log_anchor (
    tenant text not null, anchor text not null, size bigint not null, at timestamptz not null,
    primary key (tenant, anchor))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
