import type { Database } from './database.ts';
import { endRow, findRow } from './rows.ts';

/** A freeze: while it is active, nothing in its scope is released and none of its permits is redeemed. */
export interface Freeze {
  id: string;
  tenant: string;
  scope: 'tenant' | 'surface' | 'actor';
  /** The surface or actor; null for the whole tenant. */
  value: string | null;
  reason: string;
  by: string;
  at: string;
  liftedAt: string | null;
  liftedBy: string | null;
}

export interface FreezeStore {
  /** When this returns, the freeze is in force for every process. The same id again changes nothing. */
  add(freeze: Omit<Freeze, 'liftedAt' | 'liftedBy'>): Promise<void>;
  /** False when there is no active freeze of that id. */
  lift(tenant: string, id: string, by: string, at: string): Promise<boolean>;
  get(tenant: string, id: string): Promise<Freeze | null>;
  /** Oldest first. */
  active(tenant: string): Promise<Freeze[]>;
}

export function createFreezeStore(db: Database): FreezeStore {
  return {
    async add(freeze) {
      await db
        .insertInto('freeze')
        .values({ ...freeze, liftedAt: null, liftedBy: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    lift: (tenant, id, by, at) => endRow(db, 'freeze', tenant, id, { liftedAt: at, liftedBy: by }),
    async get(tenant, id) {
      const row = await findRow(db, 'freeze', tenant, id);
      return row === null ? null : { ...row, scope: row.scope as Freeze['scope'] };
    },
    async active(tenant) {
      const rows = await db
        .selectFrom('freeze')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('liftedAt', 'is', null)
        .orderBy('at')
        .orderBy('id')
        .execute();
      return rows.map((row) => ({ ...row, scope: row.scope as Freeze['scope'] }));
    },
  };
}
