import type { Database } from './database.ts';

export interface StoredPermit {
  jti: string;
  action: string;
  audience: string;
  requestHash: string;
  expiresAt: string;
  redeemedAt: string | null;
}

/**
 * Permits that were released. Rows come into being, and are used up, only in the transaction that seals a release or a redemption
 * (sequencer). A row only repeats its records. A redemption asks the records (engine/redeem).
 */
export interface PermitStore {
  find(tenant: string, jti: string): Promise<StoredPermit | null>;
}

export function createPermitStore(db: Database): PermitStore {
  return {
    async find(tenant, jti) {
      const row = await db
        .selectFrom('permit')
        .select(['jti', 'action', 'audience', 'requestHash', 'expiresAt', 'redeemedAt'])
        .where('tenant', '=', tenant)
        .where('jti', '=', jti)
        .executeTakeFirst();
      return row ?? null;
    },
  };
}
