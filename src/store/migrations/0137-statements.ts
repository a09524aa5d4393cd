import { sql, type Kysely } from 'kysely';

/** Rows of a statement are looked up by the executor's reference, or by the resource with or without its type. */
const STATEMENTS = [
  'create index action_fact_reference on action_fact (tenant, reference) where reference is not null',
  `create index action_fact_resource on action_fact (tenant, regexp_replace(resource, '^\\S+ ', '')) where resource is not null`,
  `create index action_fact_executed on action_fact (tenant, ended_at, first_index) where status = 'executed'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
