import { sql, type Kysely } from 'kysely';

/**
 * Whom each open action waits for, so that an inbox reads its own rows only; and what waits alike, so that a message does. The read model
 * is made again from the log, for its rows do not say that yet.
 */
const STATEMENTS = [
  `alter table action_fact add column awaited text[] not null default '{}', add column returned boolean not null default false`,
  'alter table action_fact alter column awaited drop default, alter column returned drop default',
  `create index action_fact_awaited on action_fact using gin (awaited) where status = 'supervised'`,
  `create index action_fact_returned on action_fact (tenant, expires_at) where returned and status = 'supervised'`,
  `create index action_fact_to_review on action_fact (tenant, review_due_at) where review_due_at is not null and reviewed_at is null`,
  `create index action_alike on action (tenant, surface, actor, (view #>> '{action,verdict,rule}'), created_at) where status = 'supervised'`,
  'delete from action_fact',
  'update projection set size = 0',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
