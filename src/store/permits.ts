import type { Database } from './database.ts';

export interface StoredPermit {
  jti: string;
  action: string;
  audience: string;
  requestHash: string;
  expiresAt: string;
  redeemedAt: string | null;
}

/** Permits that were released. Rows come into being only in the transaction that seals their release (sequencer). */
export interface PermitStore {
  /**
   * Uses the permit up. One statement: of any number of callers in any number of processes exactly one is answered `redeemed`, and
   * only after that is on disk. Expiry is the caller's to check: the permit itself says it.
   */
  redeem(tenant: string, jti: string, now: Date): Promise<'redeemed' | 'already' | 'unknown'>;
  find(tenant: string, jti: string): Promise<StoredPermit | null>;
}

export function createPermitStore(db: Database): PermitStore {
  const find: PermitStore['find'] = async (tenant, jti) => {
    const row = await db
      .selectFrom('permit')
      .select(['jti', 'action', 'audience', 'requestHash', 'expiresAt', 'redeemedAt'])
      .where('tenant', '=', tenant)
      .where('jti', '=', jti)
      .executeTakeFirst();
    return row ?? null;
  };
  return {
    find,
    async redeem(tenant, jti, now) {
      const updated = await db
        .updateTable('permit')
        .set({ redeemedAt: now.toISOString() })
        .where('tenant', '=', tenant)
        .where('jti', '=', jti)
        .where('redeemedAt', 'is', null)
        .executeTakeFirst();
      if (updated.numUpdatedRows === 1n) return 'redeemed';
      return (await find(tenant, jti)) === null ? 'unknown' : 'already';
    },
  };
}
