import { sql, type Kysely } from 'kysely';

/** The walk through the newest rows knows amounts and who asked as well: what does not fit is passed over without its row. */
const STATEMENTS = [
  'drop index action_fact_walk',
  `create index action_fact_walk on action_fact (tenant, asked_at, first_index)
    include (action, surface, status, decision, basis, mode, release_basis, approver, policy, rule, via, currency, folder, amount,
      actor, requester)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
