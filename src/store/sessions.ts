import type { Database } from './database.ts';

/** Where a person's session is found by its token. The row grants nothing: the sealed record does. */
export interface StoredSession {
  /** Hex SHA-256 of the token. */
  hash: string;
  tenant: string;
  id: string;
  /** RFC 3339. */
  expiresAt: string;
}

export interface SessionStore {
  create(session: StoredSession): Promise<void>;
  tenantOf(hash: string): Promise<string | null>;
  /** Forgets those that expired before. */
  prune(before: string): Promise<void>;
}

export function createSessionStore(db: Database): SessionStore {
  return {
    async create({ hash, tenant, id, expiresAt }) {
      await db.insertInto('session').values({ hash, tenant, id, expiresAt }).execute();
    },
    async tenantOf(hash) {
      const row = await db.selectFrom('session').select('tenant').where('hash', '=', hash).executeTakeFirst();
      return row?.tenant ?? null;
    },
    async prune(before) {
      await db.deleteFrom('session').where('expiresAt', '<', before).execute();
    },
  };
}
