/** Records of a log read from its beginning on, for exports: page by page, so that neither memory nor a statement grows with the log. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { conditionsOf, type RecordFilter } from './record-filter.ts';
import { boundsOfAction } from './record-list.ts';

/** The records to read: those of the first `size` entries that match `filter`. */
export interface Selection {
  filter: RecordFilter;
  /** Entries from here on are ignored, so that the result on an append-only log never changes. */
  size: number;
  /** True: all records of each action with a match. */
  whole: boolean;
}

export interface ScannedRecord {
  /** Position in the log, from 0. */
  index: number;
  /** SHA-256 of the record, 32 bytes. */
  recordHash: Uint8Array;
  /** The log's entry: JCS bytes of the envelope. */
  envelope: Uint8Array;
  /** No record of its action comes after it in the first `size` entries. */
  last: boolean;
}

export interface RecordScan {
  /** In the order of the log, some hundreds at a time. */
  scan(tenant: string, selection: Selection): AsyncGenerator<ScannedRecord[]>;
  /** Hashes of the same records in the same order, without the records. */
  hashes(tenant: string, selection: Selection): AsyncGenerator<Uint8Array[]>;
}

/** Entries that one statement looks at: bounds its time where few records fit. */
const WINDOW = 8192;
/** Records of one page: bounds what is held, 64 KiB each at worst. */
const PAGE = 256;
const HASHES = 4096;

export function createRecordScan(db: Database): RecordScan {
  /** Rows from `from` up to but not including `to`. */
  const selected = (tenant: string, { filter, whole, size }: Selection, from: number, to: number) => {
    let rows = db
      .selectFrom('logEntry')
      .where('tenant', '=', tenant)
      .where('index', '>=', from)
      .where('index', '<', to)
      .orderBy('index');
    const named = filter.actions?.split(' ');
    // Where the filter is only an action's id, all its records match.
    if (named !== undefined) rows = rows.where('action', 'in', named);
    const conditions = conditionsOf(filter, whole ? 'm' : 'logEntry');
    if (conditions.length === 0) return rows;
    const all = sql<boolean>`${sql.join(conditions, sql` and `)}`;
    if (!whole) return rows.where(all);
    return rows.where(
      sql<boolean>`exists (select 1 from log_entry m where m.tenant = ${tenant} and m.action = log_entry.action
        and m.index < ${size} and ${all})`,
    );
  };

  /** The range to search: for one action the entries between its first record and its last, else the whole log. */
  const bounds = async (tenant: string, { filter, size }: Selection): Promise<{ from: number; to: number }> => {
    if (filter.action === undefined) return { from: 0, to: size };
    const [part = { from: 0, to: 0 }] = await boundsOfAction(db, tenant, filter.action, size);
    return part;
  };

  async function* pages<Row extends { index: number }>(
    tenant: string,
    selection: Selection,
    limit: number,
    read: (from: number, to: number, limit: number) => Promise<Row[]>,
  ): AsyncGenerator<Row[]> {
    const { from, to } = await bounds(tenant, selection);
    for (let at = from; at < to;) {
      const end = Math.min(to, at + WINDOW);
      const rows = await read(at, end, limit);
      const last = rows.at(-1);
      if (last !== undefined) yield rows;
      at = rows.length < limit || last === undefined ? end : last.index + 1;
    }
  }

  return {
    scan: (tenant, selection) =>
      pages(tenant, selection, PAGE, (from, to, limit) =>
        selected(tenant, selection, from, to)
          .select([
            'index',
            'recordHash',
            'envelope',
            sql<boolean>`not exists (select 1 from log_entry n where n.tenant = log_entry.tenant
              and n.action = log_entry.action and n.seq > log_entry.seq and n.index < ${selection.size})`.as('last'),
          ])
          .limit(limit)
          .execute(),
      ),
    async *hashes(tenant, selection) {
      const read = (from: number, to: number, limit: number) =>
        selected(tenant, selection, from, to).select(['index', 'recordHash']).limit(limit).execute();
      for await (const rows of pages(tenant, selection, HASHES, read)) yield rows.map(({ recordHash }) => recordHash);
    },
  };
}
