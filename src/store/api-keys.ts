import type { Database } from './database.ts';
import { endRow } from './rows.ts';

/** The stored entry of a service's key, without the key itself. */
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
  /** An existing key with the same hash stays unchanged. */
  create(key: Omit<StoredApiKey, 'revokedAt'>): Promise<void>;
  /** The tenant of the key of this hash, or null: the only query that finds the tenant instead of taking it as an argument. */
  tenantOf(hash: string): Promise<string | null>;
  /** Oldest first, revoked ones too. */
  list(tenant: string): Promise<StoredApiKey[]>;
  /** False when there is no live key of that id. */
  revoke(tenant: string, id: string, at: string): Promise<boolean>;
}

export function createApiKeyStore(db: Database): ApiKeyStore {
  return {
    async create({ id, tenant, hash, surfaces, actors, roles, groups, createdAt }) {
      await db
        .insertInto('apiKey')
        .values({ id, tenant, hash, surfaces, actors, roles, groups, createdAt })
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .execute();
    },
    async tenantOf(hash) {
      const row = await db.selectFrom('apiKey').select('tenant').where('hash', '=', hash).executeTakeFirst();
      return row?.tenant ?? null;
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
    revoke: (tenant, id, at) => endRow(db, 'apiKey', tenant, id, { revokedAt: at }),
  };
}
