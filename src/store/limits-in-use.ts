import { sql } from 'kysely';
import type { Database } from './database.ts';
import { recordOf } from './records.ts';

/** A limit, and how long its shares count. */
export interface LimitWindow {
  limit: string;
  windowMs: number;
}

/** What is taken of one limit, for one value of its key. */
export interface LimitInUse {
  limit: string;
  /** As the newest action's verdict seals it: values that policy does not disclose are commitments. */
  key: string[];
  /** Exact decimal string. */
  used: string;
  /** Actions that hold a share. */
  actions: number;
  /** When the oldest share was taken, and so when it is free again. */
  since: string;
  freeAt: string;
  /** The newest of these actions. */
  action: string;
}

export interface LimitUseStore {
  /** The use at `now`, the largest first; `most` keys of each limit. */
  inUse(tenant: string, windows: readonly LimitWindow[], now: Date, most: number): Promise<LimitInUse[]>;
}

interface Row extends Omit<LimitInUse, 'key'> {
  envelope: Uint8Array | null;
}

export function createLimitUseStore(db: Database): LimitUseStore {
  return {
    async inUse(tenant, windows, now, most) {
      if (windows.length === 0) return [];
      const { rows } = await sql<Row>`
        with w as (
          select * from unnest(${windows.map(({ limit }) => limit)}::text[],
            ${windows.map(({ windowMs }) => windowMs)}::float8[]) as w(name, ms)),
        held as (
          select r.limit_name as name, r.slot, w.ms, sum(r.amount) as used, count(*)::int as actions, min(r.at) as since,
            (array_agg(r.action order by r.at desc, r.action))[1] as action
          from limit_reservation r join w on w.name = r.limit_name
          where r.tenant = ${tenant} and r.at > ${now.toISOString()}::timestamptz - w.ms * interval '1 millisecond'
          group by 1, 2, 3),
        fullest as (select *, row_number() over (partition by name order by used desc, action) as place from held)
        select f.name as limit, trim_scale(f.used)::text as used, f.actions, f.since, f.action,
          f.since + f.ms * interval '1 millisecond' as free_at,
          (select e.envelope from log_entry e
           where e.tenant = ${tenant} and e.action = f.action and e.seq = 0) as envelope
        from fullest f where f.place <= ${most} order by f.name, f.used desc, f.action`.execute(db);
      return rows.map(({ envelope, ...row }) => ({ ...row, key: keyIn(envelope, row.limit) }));
    },
  };
}

function keyIn(envelope: Uint8Array | null, limit: string): string[] {
  const record = envelope === null ? null : recordOf(envelope);
  if (record?.type !== 'verdict') return [];
  return record.facts.limits.find((fact) => fact.limit === limit)?.key ?? [];
}
