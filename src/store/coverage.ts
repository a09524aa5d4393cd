import { sql } from 'kysely';
import type { Database } from './database.ts';
import { recordOf } from './records.ts';

/** How many actions of a surface have one status. */
export interface AskedOf {
  surface: string;
  status: string;
  times: number;
  /** When the newest of them was asked for. */
  lastAt: string;
}

/** Who redeemed permits of a surface. */
export interface ExecutedBy {
  surface: string;
  by: string;
  times: number;
}

/** Requests and executions, by surface. */
export interface CoverageStore {
  /** Actions asked for since then. */
  asked(tenant: string, since: string): Promise<AskedOf[]>;
  /** Redemptions since then, of the newest `limit`. */
  executed(tenant: string, since: string, limit: number): Promise<ExecutedBy[]>;
}

export function createCoverageStore(db: Database): CoverageStore {
  return {
    async asked(tenant, since) {
      return db
        .selectFrom('action')
        .select(['surface', 'status'])
        .select(({ fn }) => [sql<number>`count(*)::int`.as('times'), fn.max('createdAt').as('lastAt')])
        .where('tenant', '=', tenant)
        .where('createdAt', '>=', since)
        .groupBy(['surface', 'status'])
        .orderBy('surface')
        .orderBy('status')
        .execute();
    },
    async executed(tenant, since, limit) {
      const rows = await db
        .selectFrom('logEntry')
        .select('envelope')
        .where('tenant', '=', tenant)
        .where('type', '=', 'redemption')
        .where('at', '>=', since)
        .orderBy('index', 'desc')
        .limit(limit)
        .execute();
      const executors = new Map<string, ExecutedBy>();
      for (const { envelope } of rows) {
        const record = recordOf(envelope);
        if (record.type !== 'redemption') continue;
        const { surface, by } = record;
        const key = `${surface}\n${by}`;
        executors.set(key, { surface, by, times: (executors.get(key)?.times ?? 0) + 1 });
      }
      return [...executors.values()];
    },
  };
}
