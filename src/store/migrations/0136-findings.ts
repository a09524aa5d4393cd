import { sql, type Kysely } from 'kysely';

/**
 * What the finance tests found in each quarter, computed from the rows of the read model as it advances, and what people said about it, as
 * their sealed records do. All of it can be made again from the log.
 */
const STATEMENTS = [
  `create table finding_period (
    tenant text not null, period text not null, grown bigint not null, computed bigint not null, computed_at timestamptz,
    actions bigint not null, cut boolean not null, primary key (tenant, period))`,
  `create table finding (
    tenant text not null, id text not null, period text not null, test text not null, version integer not null,
    actions text[] not null, surfaces text[] not null, first_at timestamptz not null, last_at timestamptz not null,
    figures json not null, sentence text not null, primary key (tenant, id, period))`,
  'create index finding_time on finding (tenant, last_at)',
  'create index finding_actions on finding using gin (actions)',
  `create table finding_answer (
    tenant text not null, finding text not null, seq integer not null, index bigint not null, record text not null,
    at timestamptz not null, "by" text not null, reason text not null, body json not null, primary key (tenant, finding, seq))`,
  // The rows are read once more, so that each quarter is known to hold some.
  'delete from action_fact',
  'update projection set size = 0',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
