import { sql, type Kysely } from 'kysely';

/** For the search for old rows: closed actions by when they changed last, and attempts by when they were made. */
const STATEMENTS = [
  `create index action_changed on action (updated_at) where status not in ('evaluating', 'supervised', 'released')`,
  `create index attempt_at on attempt (at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
