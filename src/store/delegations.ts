import type { Database, Tables } from './database.ts';
import { endRow, findRow } from './rows.ts';
import type { Selectable } from 'kysely';

/** A delegation: one person lets another decide for them. Times are milliseconds since the epoch, as identity/ reads them. */
export interface StoredDelegation {
  id: string;
  tenant: string;
  from: string;
  to: string;
  surfaces: string[];
  startsAt: number;
  endsAt: number;
  revokedAt: number | null;
}

export interface DelegationStore {
  /** The same id again changes nothing. */
  add(delegation: StoredDelegation): Promise<void>;
  /** False when there is no live delegation of that id. */
  revoke(tenant: string, id: string, at: string): Promise<boolean>;
  get(tenant: string, id: string): Promise<StoredDelegation | null>;
  /** Delegations that are valid at `now` (RFC 3339), by id. `identity/` says whom they cover. */
  active(tenant: string, now: string): Promise<StoredDelegation[]>;
}

const iso = (ms: number): string => new Date(ms).toISOString();

const stored = (row: Selectable<Tables['delegation']>): StoredDelegation => ({
  id: row.id,
  tenant: row.tenant,
  from: row.fromPerson,
  to: row.toPerson,
  surfaces: row.surfaces,
  startsAt: Date.parse(row.startsAt),
  endsAt: Date.parse(row.endsAt),
  revokedAt: row.revokedAt === null ? null : Date.parse(row.revokedAt),
});

export function createDelegationStore(db: Database): DelegationStore {
  return {
    async add({ id, tenant, from, to, surfaces, startsAt, endsAt, revokedAt }) {
      await db
        .insertInto('delegation')
        .values({
          id,
          tenant,
          fromPerson: from,
          toPerson: to,
          surfaces,
          startsAt: iso(startsAt),
          endsAt: iso(endsAt),
          revokedAt: revokedAt === null ? null : iso(revokedAt),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    revoke: (tenant, id, at) => endRow(db, 'delegation', tenant, id, { revokedAt: at }),
    async get(tenant, id) {
      const row = await findRow(db, 'delegation', tenant, id);
      return row === null ? null : stored(row);
    },
    async active(tenant, now) {
      const rows = await db
        .selectFrom('delegation')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('startsAt', '<=', now)
        .where('endsAt', '>', now)
        .where(({ eb, or }) => or([eb('revokedAt', 'is', null), eb('revokedAt', '>', now)]))
        .orderBy('id')
        .execute();
      return rows.map(stored);
    },
  };
}
