import type { Database } from './database.ts';

/** What is kept of a service's key: never the key. */
export interface StoredApiKey {
  id: string;
  tenant: string;
  /** Hex SHA-256, as identity/ makes it. */
  hash: string;
  surfaces: string[];
  actors: string[];
  roles: string[];
  groups: string[];
  createdAt: string;
  revokedAt: string | null;
}

export interface ApiKeyStore {
  /** A key that is there already, with the same hash, stays as it is. */
  create(key: Omit<StoredApiKey, 'revokedAt'>): Promise<void>;
  /** The live key of this hash, or null: the one query that finds its tenant instead of being given it. */
  findByHash(hash: string): Promise<StoredApiKey | null>;
  /** Oldest first, revoked ones too. */
  list(tenant: string): Promise<StoredApiKey[]>;
  /** From the next query of any process on, the key is not found. False when there is no live key of that id. */
  revoke(tenant: string, id: string, at: string): Promise<boolean>;
}

export function createApiKeyStore(db: Database): ApiKeyStore {
  return {
    async create(key) {
      await db
        .insertInto('apiKey')
        .values(key)
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .execute();
    },
    async findByHash(hash) {
      const row = await db
        .selectFrom('apiKey')
        .selectAll()
        .where('hash', '=', hash)
        .where('revokedAt', 'is', null)
        .executeTakeFirst();
      return row ?? null;
    },
    async list(tenant) {
      return db
        .selectFrom('apiKey')
        .selectAll()
        .where('tenant', '=', tenant)
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
    },
    async revoke(tenant, id, at) {
      const updated = await db
        .updateTable('apiKey')
        .set({ revokedAt: at })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('revokedAt', 'is', null)
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
  };
}
