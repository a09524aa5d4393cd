import { sql, type Kysely } from 'kysely';

/**
 * The groups that a key vouches for, beside its roles. A key from before this step vouches for nothing, but the first key of each
 * tenant for anything: it was made without a limit and is its owner's.
 */
const STATEMENTS = [
  `alter table api_key add column groups text[] not null default '{}'`,
  `update api_key set roles = '{*}', groups = '{*}'
    where id in (select distinct on (tenant) id from api_key order by tenant, created_at, id)
      and surfaces = '{**}' and actors = '{*}'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
