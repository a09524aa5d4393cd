import { sql, type Kysely } from 'kysely';

/** Finds the actions that take another one back. Few do, so the index holds few. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create index action_reverses on action (tenant, (view -> 'action' ->> 'reverses'))
         where view -> 'action' ->> 'reverses' is not null`,
    )
    .execute(db);
}
