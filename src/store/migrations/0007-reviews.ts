import { sql, type Kysely } from 'kysely';

/** When the glass was broken, and by whom: what the report of emergencies is asked by. */
const STATEMENTS = [
  `alter table review add column opened_at timestamptz, add column by text`,
  `update review set
     opened_at = coalesce((select a.created_at from action a where a.tenant = review.tenant and a.id = review.action), due_at),
     by = view ->> 'actor'`,
  `alter table review alter column opened_at set not null`,
  `create index review_opened on review (tenant, opened_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
