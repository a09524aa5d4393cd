import type { Json } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';
import type { Selectable } from 'kysely';

/** A public key of a tenant, kept for ever: old receipts are checked with the key of their time. */
export interface PublicKey {
  tenant: string;
  use: 'record' | 'permit' | 'log';
  kid: string;
  /** A JWK, or for the log its note key as text. */
  key: Json;
  since: string;
  /** When a newer key took its place. */
  until: string | null;
  revokedAt: string | null;
}

export interface PublicKeyStore {
  /** Keeps a key. One that is there already keeps its key and beginning; its end and revocation are set once and then stay. */
  put(key: PublicKey): Promise<void>;
  /** By use, oldest first. */
  list(tenant: string): Promise<PublicKey[]>;
}

const stored = (row: Selectable<Tables['publicKey']>): PublicKey => ({
  ...row,
  use: row.use as PublicKey['use'],
  key: row.key as Json,
});

export function createPublicKeyStore(db: Database): PublicKeyStore {
  return {
    async put({ key, ...rest }) {
      await db
        .insertInto('publicKey')
        .values({ ...rest, key: JSON.stringify(key) })
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'use', 'kid']).doUpdateSet(({ fn, ref }) => ({
            until: fn.coalesce(ref('publicKey.until'), ref('excluded.until')),
            revokedAt: fn.coalesce(ref('publicKey.revokedAt'), ref('excluded.revokedAt')),
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
        .orderBy('since')
        .orderBy('kid')
        .execute();
      return rows.map(stored);
    },
  };
}
