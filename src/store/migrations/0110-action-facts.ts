import { sql, type Kysely } from 'kysely';

/**
 * The read model: one row for each governed action, what its sealed records say, and how far the log was read for it. Nothing on the way
 * of a verdict reads or writes it, and it can always be made again from the log.
 */
const STATEMENTS = [
  `create table action_fact (
    tenant text not null, action text not null, first_index bigint not null, last_index bigint not null,
    asked_at timestamptz not null, decided_at timestamptz, released_at timestamptz, redeemed_at timestamptz, ended_at timestamptz,
    expires_at timestamptz, review_due_at timestamptz, reviewed_at timestamptz,
    surface text not null, verb text not null, actor text not null, actor_type text not null, requester text not null,
    resource text, folder text, decision text not null, basis text not null, mode text not null, policy text, rule text, bundle text,
    status text not null, release_basis text, approver text, via text, delegated_from text, extended boolean not null, changed boolean not null,
    wait_ms bigint, amount numeric, amount_approved numeric, amount_released numeric, amount_executed numeric,
    amount_undisclosed boolean not null, currency text, reason text, reference text, involved text[] not null,
    primary key (tenant, action))`,
  `create table projection (tenant text primary key, size bigint not null)`,
  // Entries are looked up by time through these: which of 4,096 lie in it.
  `create table log_window (
    tenant text not null, number bigint not null, first_at timestamptz not null, last_at timestamptz not null,
    primary key (tenant, number))`,
  'create index action_fact_time on action_fact (tenant, asked_at, first_index)',
  ...['surface', 'actor', 'requester', 'status'].map(
    (column) => `create index action_fact_${column} on action_fact (tenant, ${column}, asked_at, first_index)`,
  ),
  ...['approver', 'policy'].map(
    (column) =>
      `create index action_fact_${column} on action_fact (tenant, ${column}, asked_at, first_index) where ${column} is not null`,
  ),
  // By far the most are judged and released by a rule, enforced: an index of these would find nothing faster than the one by time.
  ...['basis', 'release_basis'].map(
    (column) =>
      `create index action_fact_${column} on action_fact (tenant, ${column}, asked_at, first_index) where ${column} <> 'rule'`,
  ),
  `create index action_fact_mode on action_fact (tenant, mode, asked_at, first_index) where mode <> 'enforce'`,
  `create index action_fact_amount on action_fact (tenant, currency, amount, first_index) where amount is not null`,
  `create index action_fact_wait on action_fact (tenant, wait_ms, first_index) where wait_ms is not null`,
  'create index action_fact_involved on action_fact using gin (involved)',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
