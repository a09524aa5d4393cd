/** All that is stored of one action, in one statement: its row, its entries of the log, its payload and one permit, of one moment. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { storedAction, type StoredAction } from './actions.ts';
import type { Database, Tables } from './database.ts';
import { openPayload, type PayloadCipher, type StoredPayload } from './payloads.ts';

/**
 * A permit that was released. Rows come into being, and are used up, only in the transaction that seals a release or a redemption
 * (sequencer). A row only repeats its records. A redemption asks the records (engine/redeem).
 */
export interface StoredPermit {
  jti: string;
  action: string;
  audience: string;
  requestHash: string;
  expiresAt: string;
  redeemedAt: string | null;
}

/** An entry of the log, unread. */
export interface LifeEntry {
  /** Position in the log, from 0. */
  index: number;
  envelope: Uint8Array;
}

export interface StoredLife {
  row: StoredAction;
  /** In the order of their numbers. */
  entries: LifeEntry[];
  /** Null where it was erased. */
  payload: StoredPayload | null;
  /** Null where none was asked for, or there is none. */
  permit: StoredPermit | null;
}

export interface LifeStore {
  /** Null when there is no such action. @param jti the permit that is wanted too, whichever action it belongs to */
  read(tenant: string, action: string, jti: string | null): Promise<StoredLife | null>;
}

type Row = Selectable<Tables['action']> & {
  wrappedKey: Buffer | null;
  ciphertext: Buffer | null;
  /** Each with its position and its length before it: an array of them is read character by character. Null for none. */
  entries: Buffer | null;
  permitRow: StoredPermit | null;
};

export function createLifeStore(db: Database, cipher: PayloadCipher): LifeStore {
  return {
    async read(tenant, action, jti) {
      const { rows } = await sql<Row>`
        select a.*, p.wrapped_key, p.ciphertext,
          (select string_agg(int8send(e.index) || int4send(length(e.envelope)) || e.envelope, ''::bytea order by e.seq)
           from log_entry e where e.tenant = a.tenant and e.action = a.id) as entries,
          (select json_build_object('jti', t.jti, 'action', t.action, 'audience', t.audience,
                    'requestHash', t.request_hash, 'expiresAt', t.expires_at, 'redeemedAt', t.redeemed_at)
           from permit t where t.tenant = a.tenant and t.jti = ${jti}::text) as permit_row
        from action a left join action_payload p on p.tenant = a.tenant and p.action = a.id
        where a.tenant = ${tenant} and a.id = ${action}`.execute(db);
      const [life] = rows;
      if (life === undefined) return null;
      const { wrappedKey, ciphertext, entries, permitRow, ...row } = life;
      const sealed = wrappedKey === null || ciphertext === null ? null : { wrappedKey, ciphertext };
      return {
        row: storedAction(row),
        entries: entries === null ? [] : apart(entries),
        payload: sealed === null ? null : openPayload(cipher, tenant, action, sealed),
        permit: permitRow === null ? null : inUtc(permitRow),
      };
    },
  };
}

/** JSON has times in the zone of the connection. */
const inUtc = (permit: StoredPermit): StoredPermit => ({
  ...permit,
  expiresAt: new Date(permit.expiresAt).toISOString(),
  redeemedAt: permit.redeemedAt === null ? null : new Date(permit.redeemedAt).toISOString(),
});

/** Bytes of an entry's position and length. */
const INDEX_BYTES = 8;
const LENGTH_BYTES = 4;

function apart(joined: Buffer): LifeEntry[] {
  const entries: LifeEntry[] = [];
  for (let at = 0; at < joined.length;) {
    const begin = at + INDEX_BYTES + LENGTH_BYTES;
    const end = begin + joined.readInt32BE(at + INDEX_BYTES);
    entries.push({ index: Number(joined.readBigInt64BE(at)), envelope: joined.subarray(begin, end) });
    at = end;
  }
  return entries;
}
