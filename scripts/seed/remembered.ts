/**
 * What the engine reads again of actions that are under way, from memory. A seeded history is sealed in the order of time, and an action's
 * later steps are known before the earlier steps of others are sealed: until then they are nowhere else.
 */
import type { StagedRecord, SealedRecord, Sequencer } from '../../src/sequencer/index.ts';
import { recordOf } from '../../src/store/records.ts';
import type { NewPermit, Projection, Store, StoredAction, StoredPayload, StoredRecord } from '../../src/store/index.ts';
import type { PayloadCipher, PayloadStore } from '../../src/store/payloads.ts';

export interface PayloadRow {
  action: string;
  wrappedKey: Uint8Array;
  ciphertext: Uint8Array;
}

interface Remembered {
  payload: { stored: StoredPayload; row: PayloadRow } | null;
  records: StoredRecord[];
  row: Projection | null;
  permits: Map<string, NewPermit & { redeemedAt: string | null }>;
}

/** A record that waits for its turn, with the payload that has to be there before it. */
export interface Waiting {
  record: StagedRecord;
  payload: PayloadRow | null;
}

export interface Memory {
  store: Store;
  sequencer: Sequencer;
  /** Forgets an action whose steps are all known. @returns its records, in their order */
  take(action: string): Waiting[];
}

export function createMemory(real: Store, tenant: string, cipher: PayloadCipher): Memory {
  const actions = new Map<string, Remembered>();
  const waiting = new Map<string, Waiting[]>();
  const of = (id: string): Remembered => {
    let found = actions.get(id);
    if (found === undefined) {
      found = { payload: null, records: [], row: null, permits: new Map() };
      actions.set(id, found);
    }
    return found;
  };
  const sealed = (
    id: string,
    payload: StoredPayload['payload'],
    key: Pick<PayloadRow, 'wrappedKey'> & Pick<StoredPayload, 'actionKey'>,
  ): void => {
    const { actionKey, wrappedKey } = key;
    const ciphertext = cipher.seal(tenant, id, actionKey, Buffer.from(JSON.stringify(payload), 'utf8'));
    of(id).payload = { stored: { payload, actionKey }, row: { action: id, wrappedKey, ciphertext } };
  };
  const payloads: PayloadStore = {
    ...real.payloads,
    draft(_tenant, id, payload) {
      const key = cipher.newKey(tenant, id);
      return {
        actionKey: key.actionKey,
        payload,
        async store() {
          sealed(id, payload, key);
          return of(id).payload?.stored ?? null;
        },
      };
    },
    create: (_tenant, id, payload) => payloads.draft(tenant, id, payload).store(),
    read: async (_tenant, id) => of(id).payload?.stored ?? null,
    async update(_tenant, id, change) {
      const { payload } = of(id);
      if (payload === null) return false;
      sealed(id, change(payload.stored.payload), { ...payload.row, ...payload.stored });
      return true;
    },
  };
  const rowOf = (id: string): StoredAction | null => {
    const { row } = of(id);
    return row === null ? null : { ...row, retainUntil: row.retainUntil ?? null, tenant, id };
  };
  const lives: Store['lives'] = {
    async read(_tenant, action, jti) {
      const row = rowOf(action);
      const { records, payload, permits } = of(action);
      const permit = jti === null ? undefined : permits.get(jti);
      return row === null
        ? null
        : {
            row,
            entries: records.map(({ index, envelope }) => ({ index, envelope })),
            payload: payload?.stored ?? null,
            permit: permit === undefined ? null : { ...permit, action },
          };
    },
    async readWithLook(_tenant, action, jti, range) {
      const [life, look] = await Promise.all([lives.read(tenant, action, jti), real.looks.at(tenant, range)]);
      return { life, look };
    },
  };
  const store: Store = {
    ...real,
    payloads,
    actions: { ...real.actions, get: async (_tenant, id) => rowOf(id) },
    records: { ...real.records, ofAction: async (_tenant, id) => [...of(id).records] },
    lives,
  };
  const append = (records: readonly StagedRecord[]): SealedRecord[] =>
    records.map((record) => {
      const { action, recordHash, envelope } = record;
      const known = of(action);
      const index = known.records.length;
      known.records.push({
        ...{ hash: recordHash, index, envelope },
        get record() {
          return recordOf(envelope);
        },
      });
      known.row = record.projection ?? known.row;
      if (record.permit !== undefined) known.permits.set(record.permit.jti, { ...record.permit, redeemedAt: null });
      const line = waiting.get(action) ?? [];
      line.push({ record, payload: null });
      waiting.set(action, line);
      return { index, recordHash, envelope, existing: false };
    });
  return {
    store,
    sequencer: { append: async (_tenant, records) => append(records), hold: () => Promise.resolve(null) },
    take(action) {
      const [first, ...rest] = waiting.get(action) ?? [];
      const payload = of(action).payload?.row ?? null;
      actions.delete(action);
      waiting.delete(action);
      return first === undefined ? [] : [{ ...first, payload }, ...rest];
    },
  };
}
