import { sql, type Kysely } from 'kysely';

/**
 * Keeps the row of an action in one piece up to 4 KB. By default PostgreSQL takes apart what is longer than 2 KB: it tries to compress the values, which are
 * mostly hashes and ciphertext, and then writes them into a table beside, at every change anew. Rows that are stored already stay as they are until
 * they change.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table action set (toast_tuple_target = 4080)').execute(db);
}
