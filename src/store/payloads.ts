import type { Payload } from './action-state.ts';
import { gathered } from './gathered.ts';
import type { Alongside } from './log-types.ts';
import type { Postgres } from './postgres.ts';

/**
 * Encrypts one action's payload under its key (implemented in keys/). Tenant and action are bound to both the wrapped key
 * and the ciphertext: neither opens for another action.
 */
export interface PayloadCipher {
  /** Makes the next new key ahead of time. Nobody has to call it. */
  prepare(): void;
  /** A new random data key of 32 bytes, in clear and wrapped for the database. */
  newKey(tenant: string, action: string): { actionKey: Uint8Array; wrappedKey: Uint8Array };
  /** @throws CountersignError `unavailable` when no key of ours opens it. */
  unwrap(tenant: string, action: string, wrappedKey: Uint8Array): Uint8Array;
  seal(tenant: string, action: string, actionKey: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws CountersignError `invalid-evidence` when the ciphertext was altered or belongs elsewhere. */
  open(tenant: string, action: string, actionKey: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

export interface StoredPayload {
  payload: Payload;
  /** 32 secret bytes of this action only: salts and permit encryption derive from it, and erasure destroys it. */
  actionKey: Uint8Array;
}

/** A payload under a new key, which nobody has stored yet. */
export interface DraftedPayload extends StoredPayload {
  /** As {@link PayloadStore.create}: what is stored afterwards, which is another one where somebody was faster. */
  store(): Promise<StoredPayload | null>;
  /** The same, to be written in the transaction of the record that refers to it; left out by a store that has none. */
  alongside?: Alongside;
}

/** Requests. They are nowhere in clear on disk. */
export interface PayloadStore {
  /** Makes the key of the next draft ahead of time. Call it while waiting for something else; nobody has to. */
  prepare(): void;
  /** Encrypts it under a new key; writes nothing. */
  draft(tenant: string, action: string, payload: Payload): DraftedPayload;
  /**
   * Keeps the payload under a new key. Get-or-create: the first call of all processes wins, and everybody gets what it stored. It is
   * on disk with the next record that is sealed; a power cut before that loses it, and no record refers to it then.
   *
   * Null when the action is stored and its payload was erased: it is never created again.
   */
  create(tenant: string, action: string, payload: Payload): Promise<StoredPayload | null>;
  /** Null if there never was one, or if it was erased. */
  read(tenant: string, action: string): Promise<StoredPayload | null>;
  /**
   * Replaces the payload under the same key by what `change` makes of it. `change` is called again where somebody was faster, so that no
   * change is lost. On disk as {@link PayloadStore.create}. False when there is none.
   */
  update(tenant: string, action: string, change: (payload: Payload) => Payload): Promise<boolean>;
  /** Deletes ciphertext and key. Every record and proof stays valid. */
  erase(tenant: string, action: string): Promise<void>;
}

interface PayloadRow {
  tenant: string;
  action: string;
  wrappedKey: Buffer;
  ciphertext: Buffer;
}

const nameOf = ({ tenant, action }: Pick<PayloadRow, 'tenant' | 'action'>): string => `${tenant}\n${action}`;

const encode = (payload: Payload): Uint8Array => Buffer.from(JSON.stringify(payload), 'utf8');
const decode = (bytes: Uint8Array): Payload => JSON.parse(Buffer.from(bytes).toString('utf8')) as Payload;

/** @throws CountersignError as {@link PayloadCipher} */
export function openPayload(
  cipher: Pick<PayloadCipher, 'unwrap' | 'open'>,
  tenant: string,
  action: string,
  row: { wrappedKey: Buffer; ciphertext: Buffer },
): StoredPayload {
  const actionKey = cipher.unwrap(tenant, action, row.wrappedKey);
  return { actionKey, payload: decode(cipher.open(tenant, action, actionKey, row.ciphertext)) };
}

/**
 * The commit is not waited for on disk. Nothing depends on it until a record of the action is sealed, and that commit, later in the same
 * write-ahead log, brings this one to disk too.
 */
const RELAXED_INSERT = `with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value)
  insert into action_payload (tenant, action, wrapped_key, ciphertext)
  select p.* from relaxed, unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[])
    as p(tenant, action, wrapped_key, ciphertext)
  where not exists (select from action as a where a.tenant = p.tenant and a.id = p.action)
  order by p.tenant, p.action
  on conflict (tenant, action) do nothing returning tenant, action`;

/** One alone. */
const INSERT = `insert into action_payload (tenant, action, wrapped_key, ciphertext)
  select $1::text, $2::text, $3::bytea, $4::bytea
  where not exists (select from action as a where a.tenant = $1 and a.id = $2)
  on conflict (tenant, action) do nothing returning tenant`;

/** The version of a row is the transaction that wrote it. */
const FIND = `select wrapped_key as "wrappedKey", ciphertext, xmin::text as version
  from action_payload where tenant = $1 and action = $2`;

/** Only the version that was read is replaced. */
const REPLACE = `with relaxed as materialized (select set_config('synchronous_commit', 'off', true) as value)
  update action_payload as p set ciphertext = $4 from relaxed
  where p.tenant = $1 and p.action = $2 and p.xmin::text = $3 returning true as replaced`;

type FoundPayload = Pick<PayloadRow, 'wrappedKey' | 'ciphertext'> & { version: string };

export function createPayloadStore({ ask, db }: Pick<Postgres, 'ask' | 'db'>, cipher: PayloadCipher): PayloadStore {
  const find = async (tenant: string, action: string): Promise<FoundPayload | null> =>
    (await ask<FoundPayload>({ name: 'payload', text: FIND, values: [tenant, action] }))[0] ?? null;
  const read: PayloadStore['read'] = async (tenant, action) => {
    const row = await find(tenant, action);
    return row === null ? null : openPayload(cipher, tenant, action, row);
  };
  /** Which of them are stored by this: of two of one action the first. In one order, so that no two processes wait for each other. */
  const insert = gathered(async (rows: readonly PayloadRow[]): Promise<boolean[]> => {
    const first = new Map([...rows].reverse().map((row) => [nameOf(row), row]));
    const each = [...first.values()];
    const inserted = await ask<Pick<PayloadRow, 'tenant' | 'action'>>({
      name: 'payloads',
      text: RELAXED_INSERT,
      values: [
        each.map(({ tenant }) => tenant),
        each.map(({ action }) => action),
        each.map(({ wrappedKey }) => wrappedKey),
        each.map(({ ciphertext }) => ciphertext),
      ],
    });
    const stored = new Set(inserted.map(nameOf));
    return rows.map((row) => stored.has(nameOf(row)) && first.get(nameOf(row)) === row);
  });
  const draft: PayloadStore['draft'] = (tenant, action, payload) => {
    const { actionKey, wrappedKey } = cipher.newKey(tenant, action);
    const ciphertext = Buffer.from(cipher.seal(tenant, action, actionKey, encode(payload)));
    const row = { tenant, action, wrappedKey: Buffer.from(wrappedKey), ciphertext };
    return {
      actionKey,
      payload,
      async store() {
        return (await insert(row)) ? { actionKey, payload } : read(tenant, action);
      },
      alongside: {
        locks: [],
        write: { name: 'payload', text: INSERT, values: [tenant, action, row.wrappedKey, row.ciphertext] },
      },
    };
  };
  return {
    prepare: () => cipher.prepare(),
    read,
    draft,
    create: (tenant, action, payload) => draft(tenant, action, payload).store(),
    async update(tenant, action, change) {
      for (;;) {
        const row = await find(tenant, action);
        if (row === null) return false;
        const { actionKey, payload } = openPayload(cipher, tenant, action, row);
        const changed = change(payload);
        if (changed === payload) return true;
        const ciphertext = Buffer.from(cipher.seal(tenant, action, actionKey, encode(changed)));
        const values = [tenant, action, row.version, ciphertext];
        const replaced = await ask({ name: 'payload-replaced', text: REPLACE, values });
        if (replaced.length > 0) return true;
      }
    },
    async erase(tenant, action) {
      await db.deleteFrom('actionPayload').where('tenant', '=', tenant).where('action', '=', action).execute();
    },
  };
}
