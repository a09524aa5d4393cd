/** Rows as the requester gets them: bounded in number and size. */
import type { Json, JsonObject } from '../../contract/index.ts';
import type { Session } from './session.ts';
import type { SqlStatement } from './statement.ts';

/** Bytes of all rows at most. */
const ROWS_MAX_BYTES = 256 * 1024;

/** `{ rows, count, truncated }`: the rows that fit, their number, and whether there were more. */
export function rowsOf(rows: readonly Record<string, unknown>[], most: number): JsonObject {
  const fitting: Json[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, most)) {
    const json = JSON.parse(JSON.stringify(row)) as Json;
    bytes += Buffer.byteLength(JSON.stringify(row));
    if (bytes > ROWS_MAX_BYTES) break;
    fitting.push(json);
  }
  return { rows: fitting, count: fitting.length, truncated: fitting.length < rows.length };
}

/** A cursor, so that no more rows are fetched than are given. It takes nothing that changes rows. */
export async function readRows(session: Session, { sql, values }: SqlStatement, most: number): Promise<JsonObject> {
  await session.query(`declare countersign no scroll cursor for ${sql}`, values);
  const { rows } = await session.query(`fetch forward ${most + 1} from countersign`);
  return rowsOf(rows, most);
}
