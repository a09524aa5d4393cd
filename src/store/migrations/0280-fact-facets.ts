import { sql, type Kysely } from 'kysely';

/**
 * Whatever values are combined in a search: the newest rows are walked through in an index that has all of them, and what is rare is found
 * where the values of a row are indexed together.
 */
const STATEMENTS = [
  `create index action_fact_walk on action_fact (tenant, asked_at, first_index)
    include (action, surface, status, decision, basis, mode, release_basis, approver, policy, rule, via, currency, folder)`,
  'drop index action_fact_time',
  `create index action_fact_values on action_fact using gin (array_remove(array[
    tenant || ' surface ' || surface, tenant || ' status ' || status, tenant || ' decision ' || decision,
    tenant || ' basis ' || coalesce(release_basis, basis), tenant || ' mode ' || mode, tenant || ' policy ' || policy,
    tenant || ' rule ' || rule, tenant || ' approver ' || approver, tenant || ' via ' || via,
    tenant || ' currency ' || currency], null)) with (fastupdate = off)`,
  'create index action_fact_any_amount on action_fact (tenant, amount, first_index) where amount is not null',
  `create index action_fact_folder on action_fact (tenant, folder text_pattern_ops, asked_at) where folder is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
