import { type Envelope, type RecordPayload, CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';
import type { RecordFilter } from './record-filter.ts';
import { listNewest, type EntryRow } from './record-list.ts';
import { createRecordScan, type RecordScan } from './record-scan.ts';

export type { RecordFilter } from './record-filter.ts';
export type { RecordScan, ScannedRecord, Selection } from './record-scan.ts';

/** A sealed record and its place in the log. */
export interface StoredRecord {
  /** `sha256:…` of the record. */
  hash: string;
  /** Position in the log, from 0. */
  index: number;
  record: RecordPayload;
  /** The log's entry: JCS bytes of the envelope. */
  envelope: Uint8Array;
}

/** How often people approved and refused what one rule parked. */
export interface Precedents {
  approved: number;
  refused: number;
}

export interface RecordStore extends RecordScan {
  /** Null when there is no such record, or `hash` is no hash. */
  get(tenant: string, hash: string): Promise<StoredRecord | null>;
  /**
   * Newest first, in the order of the log. `cursor` is opaque: a page begun once goes on without gap or repetition while the log grows.
   * A search looks for a second: if little matches, a page may be short or empty, and its cursor goes on where the search stopped.
   *
   * @throws CountersignError `invalid-request` for a cursor that was not made here.
   */
  list(
    tenant: string,
    filter: RecordFilter,
    cursor: string | undefined,
    limit: number,
  ): Promise<{ records: StoredRecord[]; nextCursor: string | null }>;
  /** All records of one action, in the order of their numbers. */
  ofAction(tenant: string, action: string): Promise<StoredRecord[]>;
  /** Entries `from` up to but not including `to`, in order; fewer where the log ends before. */
  entries(tenant: string, from: number, to: number): Promise<StoredRecord[]>;
  /** How many actions of the same surface, and rule if given, people decided since `since` (RFC 3339). */
  precedents(
    tenant: string,
    like: {
      surface: string;
      policy?: string | undefined;
      rule?: string | undefined;
      /** The action itself, which does not count as its own precedent. */
      except?: string | undefined;
    },
    since: string,
  ): Promise<Precedents>;
}

const HASH = /^sha256:([0-9a-f]{64})$/;

/** The record inside an envelope that the sequencer took. */
export function recordOf(envelope: Uint8Array): RecordPayload {
  const { payload } = JSON.parse(Buffer.from(envelope).toString('utf8')) as Envelope;
  return JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as RecordPayload;
}

const stored = ({ index, recordHash, envelope }: EntryRow): StoredRecord => ({
  hash: `sha256:${recordHash.toString('hex')}`,
  index,
  // Verifiers read the record from the envelope.
  get record() {
    return recordOf(envelope);
  },
  envelope,
});

const cursorOf = (index: number): string => Buffer.from(`r${index}`).toString('base64url');

function beforeOf(cursor: string): number {
  const index = Number(/^r([0-9]{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1] ?? NaN);
  if (Number.isSafeInteger(index)) return index;
  throw new CountersignError('invalid-request', 'the cursor is not one of ours; begin again without it');
}

export function createRecordStore(db: Database): RecordStore {
  const entries = (tenant: string) =>
    db.selectFrom('logEntry').select(['index', 'recordHash', 'envelope']).where('tenant', '=', tenant);
  return {
    ...createRecordScan(db),
    async get(tenant, hash) {
      const hex = HASH.exec(hash)?.[1];
      if (hex === undefined) return null;
      const row = await entries(tenant)
        .where('recordHash', '=', Buffer.from(hex, 'hex'))
        .orderBy('index')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : stored(row);
    },
    async list(tenant, filter, cursor, limit) {
      const { records, next } = await listNewest(db, tenant, filter, {
        before: cursor === undefined ? Infinity : beforeOf(cursor),
        limit,
      });
      return { records: records.map(stored), nextCursor: next === null ? null : cursorOf(next) };
    },
    async ofAction(tenant, action) {
      const rows = await entries(tenant).where('action', '=', action).orderBy('seq').execute();
      return rows.map(stored);
    },
    async entries(tenant, from, to) {
      const rows = await entries(tenant).where('index', '>=', from).where('index', '<', to).orderBy('index').execute();
      return rows.map(stored);
    },
    async precedents(tenant, { surface, policy, rule, except }, since) {
      let query = db
        .selectFrom('logEntry')
        .select(({ fn }) => ['decision', fn.count<number>('action').distinct().as('count')])
        .where('tenant', '=', tenant)
        .where('surface', '=', surface)
        .where('type', '=', 'decision')
        .where('approver', 'is not', null)
        .where('at', '>=', since)
        // A drill is nobody's precedent.
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('logEntry as drill')
                .select('drill.index')
                .whereRef('drill.tenant', '=', 'logEntry.tenant')
                .whereRef('drill.action', '=', 'logEntry.action')
                .where('drill.type', '=', 'drill'),
            ),
          ),
        );
      if (policy !== undefined) query = query.where('policy', '=', policy);
      if (rule !== undefined) query = query.where('rule', '=', rule);
      if (except !== undefined) query = query.where('action', '!=', except);
      const rows = await query.groupBy('decision').execute();
      const count = (decision: string): number => rows.find((row) => row.decision === decision)?.count ?? 0;
      return { approved: count('approve'), refused: count('refuse') };
    },
  };
}
