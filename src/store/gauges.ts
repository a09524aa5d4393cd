import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The current state of the whole stack, over all tenants. */
export interface StackGauges {
  /** Actions that wait for a person. */
  waiting: number;
  /** Seconds for which the oldest of them has waited; 0 where none does. */
  oldestWaiting: number;
  /** Released, and not yet reported. */
  released: number;
  /** Ended without a report: a person has to say how. */
  unreported: number;
  /** Entries of the logs that the read model has not read. */
  projectionLag: number;
  /** Entries of all logs. */
  entries: number;
}

/** Measurements that are read from the database instead of being counted. */
export interface GaugeStore {
  /** Three queries, each answered from an index. */
  standing(): Promise<StackGauges>;
}

export function createGaugeStore(db: Database): GaugeStore {
  return {
    async standing() {
      const [waiting, released, logs] = await Promise.all([
        sql<{ number: number; oldest: number }>`
          select count(*) as number, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest
          from action where status = 'supervised'`.execute(db),
        sql<{ status: string; number: number }>`
          select s.status, coalesce(sum(f.number), 0)::bigint as number
          from unnest(array['released', 'unreported']) as s(status) left join projection p on true
          left join lateral (select count(*) as number from action_fact
            where tenant = p.tenant and status = s.status) as f on true
          group by s.status`.execute(db),
        sql<{ lag: number; entries: number }>`
          select coalesce(sum(greatest(h.size - coalesce(p.size, 0), 0)), 0)::bigint as lag,
            coalesce(sum(h.size), 0)::bigint as entries
          from log_head h left join projection p using (tenant)`.execute(db),
      ]);
      const ended = (status: string): number => released.rows.find((row) => row.status === status)?.number ?? 0;
      return {
        waiting: waiting.rows[0]?.number ?? 0,
        oldestWaiting: Math.max(0, waiting.rows[0]?.oldest ?? 0),
        released: ended('released'),
        unreported: ended('unreported'),
        projectionLag: logs.rows[0]?.lag ?? 0,
        entries: logs.rows[0]?.entries ?? 0,
      };
    },
  };
}
