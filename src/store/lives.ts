/** All that is stored of one action, in one statement: its row, its entries of the log, its payload and one permit, of one moment. */
import { STORED_ACTION, type StoredAction } from './actions.ts';
import { LOOK_COLUMNS, LOOK_TABLE, splitLook, type Look, type LookRange, type LookRow } from './looks.ts';
import { openPayload, type PayloadCipher, type StoredPayload } from './payloads.ts';
import type { Postgres } from './postgres.ts';

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
  /** {@link read} and what is in force, in one statement. @param range the entries of the log that are not known yet */
  readWithLook(
    tenant: string,
    action: string,
    jti: string | null,
    range: LookRange,
  ): Promise<{ life: StoredLife | null; look: Look }>;
}

type Row = StoredAction & {
  wrappedKey: Buffer | null;
  ciphertext: Buffer | null;
  /** Each with its position and its length before it: an array of them is read character by character. Null for none. */
  entries: Buffer | null;
  permitRow: StoredPermit | null;
};

/** @param jti the parameter that is the permit's id */
const lifeColumns = (jti: string): string => `${STORED_ACTION}, p.wrapped_key as "wrappedKey", p.ciphertext,
  (select string_agg(int8send(e.index) || int4send(length(e.envelope)) || e.envelope, ''::bytea order by e.seq)
   from log_entry e where e.tenant = a.tenant and e.action = a.id) as entries,
  (select json_build_object('jti', t.jti, 'action', t.action, 'audience', t.audience,
            'requestHash', t.request_hash, 'expiresAt', t.expires_at, 'redeemedAt', t.redeemed_at)
   from permit t where t.tenant = a.tenant and t.jti = ${jti}::text) as "permitRow"`;

/** `$1` is the tenant, `$2` the action, `$3` the permit. */
const LIFE = `select ${lifeColumns('$3')}
from action a left join action_payload p on p.tenant = a.tenant and p.action = a.id
where a.tenant = $1 and a.id = $2`;

/** `$1` to `$3` are those of a look, `$4` is the action, `$5` the permit. */
const LIFE_WITH_LOOK = `select ${LOOK_COLUMNS}, ${lifeColumns('$5')}
from ${LOOK_TABLE} left join action a on a.tenant = $1 and a.id = $4
  left join action_payload p on p.tenant = a.tenant and p.action = a.id`;

export function createLifeStore({ ask }: Pick<Postgres, 'ask'>, cipher: PayloadCipher): LifeStore {
  const lifeOf = ({ wrappedKey, ciphertext, entries, permitRow, ...row }: Row): StoredLife => {
    const sealed = wrappedKey === null || ciphertext === null ? null : { wrappedKey, ciphertext };
    return {
      row,
      entries: entries === null ? [] : apart(entries),
      payload: sealed === null ? null : openPayload(cipher, row.tenant, row.id, sealed),
      permit: permitRow === null ? null : inUtc(permitRow),
    };
  };
  return {
    async read(tenant, action, jti) {
      const [row] = await ask<Row>({ name: 'life', text: LIFE, values: [tenant, action, jti] });
      return row === undefined ? null : lifeOf(row);
    },
    async readWithLook(tenant, action, jti, { from, most }) {
      const values = [tenant, from, from + most, action, jti];
      const rows = await ask<LookRow & (Row | { id: null })>({ name: 'life-with-look', text: LIFE_WITH_LOOK, values });
      const { look, rest } = splitLook(rows);
      return { look, life: rest.id === null ? null : lifeOf(rest as Row) };
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
