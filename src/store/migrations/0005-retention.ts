import { sql, type Kysely } from 'kysely';

/**
 * When an action's payload is to be deleted (`retain`), so that what is due is found without reading every action. The values that
 * limits are counted by leave the tables: they may be what policy does not disclose, and the digest in `slot` is all that is needed.
 */
const STATEMENTS = [
  `alter table action add column retain_until timestamptz`,
  `update action set retain_until = updated_at + (view ->> 'retainMs')::double precision * interval '1 millisecond'
    where json_typeof(view -> 'retainMs') = 'number'`,
  `create index action_retention on action (retain_until) where retain_until is not null`,
  `alter table limit_reservation drop column key`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
