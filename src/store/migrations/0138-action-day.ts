import { sql, type Kysely } from 'kysely';

/** The rows of the read model added up by day, so that a report of a year does not read a year of rows; and a search in their text by trigrams. */
const STATEMENTS = [
  `create table action_day (
    tenant text not null, day date not null, surface text not null, status text not null, release_basis text not null,
    approver text not null, currency text not null,
    n bigint not null, undisclosed bigint not null, delegated bigint not null, changed bigint not null, extended bigint not null,
    asked numeric not null, approved numeric not null, released numeric not null, executed numeric not null,
    primary key (tenant, day, surface, status, release_basis, approver, currency))`,
  // A server that may not have the extension finds text by reading rows, as before.
  `do $$ begin
    create extension if not exists pg_trgm;
    create index action_fact_text on action_fact using gin ((coalesce(reason, '') || ' ' || coalesce(resource, '') || ' ' ||
      coalesce(reference, '') || ' ' || actor || ' ' || requester || ' ' || coalesce(approver, '')) gin_trgm_ops);
  exception when insufficient_privilege or undefined_file or undefined_object or feature_not_supported then
    raise notice 'pg_trgm is not there: text is found more slowly';
  end $$`,
  'delete from action_fact',
  'update projection set size = 0',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
