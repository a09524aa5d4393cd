/** Records newest first: a search reads the log backwards in parts, so that no statement runs long, even if little matches. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { LOG_WINDOW } from './log-window.ts';
import { conditionsOf, type RecordFilter } from './record-filter.ts';

export interface EntryRow {
  index: number;
  recordHash: Buffer;
  envelope: Buffer;
}

/** Entries that one statement looks at first; a statement that found nothing is followed by one that looks at twice as many. */
const FIRST_PART = 2048;
const LARGEST_PART = 65_536;
/** A text search decodes each entry. */
const LARGEST_TEXT_PART = 8192;
/** How long one page is looked for, in milliseconds. */
const SEARCH_MS = 1000;

/** A part of the log, from the first entry up to but not including the second. */
interface Part {
  from: number;
  to: number;
}

/**
 * @param before entries from here on are ignored
 * @returns one page, and before which entry the next one begins: null at the beginning of the log
 */
export async function listNewest(
  db: Database,
  tenant: string,
  filter: RecordFilter,
  { before, limit }: { before: number; limit: number },
): Promise<{ records: EntryRow[]; next: number | null }> {
  const records: EntryRow[] = [];
  const began = performance.now();
  const largest = filter.q === undefined ? LARGEST_PART : LARGEST_TEXT_PART;
  for (const { from, to } of await partsOf(db, tenant, filter, before)) {
    for (let [end, width] = [to, FIRST_PART]; end > from; width = Math.min(width * 2, largest)) {
      const start = Math.max(from, end - width);
      const wanted = limit + 1 - records.length;
      records.push(...(await search(db, tenant, filter, { from: start, to: end }, wanted)));
      const last = records[limit - 1];
      if (records.length > limit && last !== undefined) return { records: records.slice(0, limit), next: last.index };
      end = start;
      if (performance.now() - began > SEARCH_MS && end > 0) return { records, next: end };
    }
  }
  return { records, next: null };
}

function search(
  db: Database,
  tenant: string,
  filter: RecordFilter,
  { from, to }: Part,
  limit: number,
): Promise<EntryRow[]> {
  let query = db
    .selectFrom('logEntry')
    .select(['index', 'recordHash', 'envelope'])
    .where('tenant', '=', tenant)
    .where('index', '>=', from)
    .where('index', '<', to);
  for (const condition of conditionsOf(filter)) query = query.where(condition);
  return query.orderBy('index', 'desc').limit(limit).execute();
}

/** The parts of the log that may hold a match, the newest first. */
async function partsOf(db: Database, tenant: string, filter: RecordFilter, before: number): Promise<Part[]> {
  const { action, from = null, to = null } = filter;
  const { rows } = await sql<{ size: number; closed: number; first: number | null; last: number | null }>`
    select coalesce((select size from log_head where tenant = ${tenant}), 0)::bigint as size,
      coalesce((select max(number) + 1 from log_window where tenant = ${tenant}), 0)::bigint as closed,
      min(number) as first, max(number) as last
    from log_window
    where tenant = ${tenant} and (${from}::timestamptz is null or last_at >= ${from}::timestamptz)
      and (${to}::timestamptz is null or first_at < ${to}::timestamptz)`.execute(db);
  const [window] = rows;
  if (window === undefined || window.size === 0) return [];
  const size = Math.min(window.size, before);
  if (action !== undefined) return boundsOfAction(db, tenant, action, size);
  // The times of the newest entries are not stored yet.
  const open = { from: window.closed * LOG_WINDOW, to: size };
  const parts = [open];
  if (window.first !== null && window.last !== null) {
    parts.push({ from: window.first * LOG_WINDOW, to: Math.min((window.last + 1) * LOG_WINDOW, size) });
  }
  return parts.filter((part) => part.from < part.to);
}

/** The entries below `size` between the first record of an action and its last: one part, or none. */
export async function boundsOfAction(db: Database, tenant: string, action: string, size: number): Promise<Part[]> {
  const { first, last } = await db
    .selectFrom('logEntry')
    .select(({ fn }) => [fn.min('index').as('first'), fn.max('index').as('last')])
    .where('tenant', '=', tenant)
    .where('action', '=', action)
    .executeTakeFirstOrThrow();
  // An action without records has no bounds.
  const known = first as number | null;
  return known === null || known >= size ? [] : [{ from: known, to: Math.min(last + 1, size) }];
}
