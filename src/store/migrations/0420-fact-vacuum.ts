import { sql, type Kysely } from 'kysely';

/**
 * Has the rows of the read model vacuumed when a fiftieth of them changed, not a fifth, and their indexes each time. An index answers without the rows
 * only where none has changed since the last vacuum, and searches look most at the newest, which are those that change.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `alter table action_fact set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,
        vacuum_index_cleanup = on)`,
    )
    .execute(db);
}
