import { sql, type Selectable } from 'kysely';
import type { Json, Receipt } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';

/** A public key of a tenant, kept for ever: old receipts are checked with the key of their time. */
export interface PublicKey {
  tenant: string;
  use: 'record' | 'permit' | 'log' | 'attestation';
  /** RFC 7638 thumbprint, also of a log's key. */
  kid: string;
  /** A JWK, or for the log its note key as text. */
  key: Json;
  since: string;
  /** When a newer key took its place. */
  until: string | null;
  revokedAt: string | null;
  /** Entry of the log from which on the key is revoked. */
  revokedFrom: number | null;
}

export interface PublicKeyStore {
  /** Stores a key. An existing one keeps its key and beginning; its end and revocation are set only once. */
  put(key: PublicKey): Promise<void>;
  /** By use, oldest first: the one without an end is the last. */
  list(tenant: string): Promise<PublicKey[]>;
  /** Keeps the receipt of a record of the key chain; the first one stays. */
  putEvent(tenant: string, seq: number, receipt: Receipt): Promise<void>;
  /** In the order of the chain. */
  events(tenant: string): Promise<{ seq: number; receipt: Receipt }[]>;
  /** Runs exclusively: no other call with the same name runs in any process until it has ended. */
  exclusively<T>(tenant: string, work: () => Promise<T>): Promise<T>;
}

const stored = (row: Selectable<Tables['publicKey']>): PublicKey => ({
  ...row,
  use: row.use as PublicKey['use'],
  key: row.key as Json,
});

export function createPublicKeyStore(db: Database): PublicKeyStore {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async put({ key, ...rest }) {
      await db
        .insertInto('publicKey')
        .values({ ...rest, key: JSON.stringify(key) })
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'use', 'kid']).doUpdateSet(({ fn, ref }) => ({
            until: fn.coalesce(ref('publicKey.until'), ref('excluded.until')),
            revokedAt: fn.coalesce(ref('publicKey.revokedAt'), ref('excluded.revokedAt')),
            revokedFrom: fn.coalesce(ref('publicKey.revokedFrom'), ref('excluded.revokedFrom')),
          })),
        )
        .execute();
    },
    async list(tenant) {
      const rows = await db
        .selectFrom('publicKey')
        .selectAll()
        .where('tenant', '=', tenant)
        .orderBy('use')
        .orderBy('until', (order) => order.asc().nullsLast())
        .orderBy('since')
        .orderBy('kid')
        .execute();
      return rows.map(stored);
    },
    async putEvent(tenant, seq, receipt) {
      await db
        .insertInto('keyEvent')
        .values({ tenant, seq, receipt: JSON.stringify(receipt) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async events(tenant) {
      const rows = await db
        .selectFrom('keyEvent')
        .select(['seq', 'receipt'])
        .where('tenant', '=', tenant)
        .orderBy('seq')
        .execute();
      return rows.map(({ seq, receipt }) => ({ seq, receipt: receipt as Receipt }));
    },
    exclusively(tenant, work) {
      const name = `countersign keys ${tenant}`;
      // The lock belongs to its connection, so a process that dies holds nothing.
      const run = () =>
        db.connection().execute(async (connection) => {
          await sql`select pg_advisory_lock(hashtextextended(${name}, 0))`.execute(connection);
          try {
            return await work();
          } finally {
            await sql`select pg_advisory_unlock(hashtextextended(${name}, 0))`.execute(connection);
          }
        });
      // At most one connection of this process waits, because the work needs connections too.
      const next = last.then(run, run);
      last = next.catch(() => undefined);
      return next;
    },
  };
}
