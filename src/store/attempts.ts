import { sql } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';

/** A refused attempt, such as a click by somebody who is not an approver, or a forged signal. */
export interface Attempt {
  tenant: string;
  /** Empty if it concerned no action. */
  action: string;
  /** Who tried it, as far as that is known. */
  by: string;
  door: string;
  /** Error code of the refusal. */
  code: string;
  at: string;
}

/** Search criteria for attempts; all of them must match. */
export interface AttemptFilter {
  action?: string | undefined;
  by?: string | undefined;
  door?: string | undefined;
  code?: string | undefined;
  /** RFC 3339, inclusive. */
  from?: string | undefined;
  /** RFC 3339, exclusive. */
  to?: string | undefined;
}

/** How often an address presented no good credential. */
export interface Unauthenticated {
  address: string;
  times: number;
  lastAt: string;
}

/** The list of refused attempts. It never changes an action. */
export interface AttemptStore {
  add(attempt: Attempt): Promise<void>;
  /** Oldest first, of one action or of all, 1,000 at most. */
  list(tenant: string, action?: string): Promise<Attempt[]>;
  /**
   * Newest first. `cursor` is opaque.
   *
   * @throws CountersignError `invalid-request` for a cursor that was not made here.
   */
  search(
    tenant: string,
    filter: AttemptFilter,
    cursor: string | undefined,
    limit: number,
  ): Promise<{ attempts: Attempt[]; nextCursor: string | null }>;
  /** Adds to the counts of the hour in which `at` lies. */
  addUnauthenticated(counts: readonly { address: string; times: number }[], at: Date): Promise<void>;
  /** The addresses that were refused most often in the hours of the period, `limit` at most. */
  unauthenticated(filter: Pick<AttemptFilter, 'from' | 'to'>, limit: number): Promise<Unauthenticated[]>;
}

const HOUR_MS = 3_600_000;
const COLUMNS = ['tenant', 'action', 'by', 'door', 'code', 'at'] as const;

const cursorOf = (id: number): string => Buffer.from(`a${id}`).toString('base64url');

function beforeOf(cursor: string): number {
  const id = Number(/^a([0-9]{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1] ?? NaN);
  if (Number.isSafeInteger(id)) return id;
  throw new CountersignError('invalid-request', 'the cursor is not one of ours; begin again without it');
}

const hourOf = (time: Date): string => new Date(Math.floor(time.getTime() / HOUR_MS) * HOUR_MS).toISOString();

export function createAttemptStore(db: Database): AttemptStore {
  return {
    async add({ tenant, action, by, door, code, at }) {
      await db.insertInto('attempt').values({ tenant, action, by, door, code, at }).execute();
    },
    list(tenant, action) {
      let query = db.selectFrom('attempt').select(COLUMNS).where('tenant', '=', tenant);
      if (action !== undefined) query = query.where('action', '=', action);
      return query.orderBy('id').limit(1000).execute();
    },
    async search(tenant, { from, to, ...exact }, cursor, limit) {
      let query = db
        .selectFrom('attempt')
        .select(['id', ...COLUMNS])
        .where('tenant', '=', tenant);
      for (const name of ['action', 'by', 'door', 'code'] as const) {
        const value = exact[name];
        if (value !== undefined) query = query.where(name, '=', value);
      }
      if (from !== undefined) query = query.where('at', '>=', from);
      if (to !== undefined) query = query.where('at', '<', to);
      if (cursor !== undefined) query = query.where('id', '<', beforeOf(cursor));
      const rows = await query
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        attempts: page.map(({ id: _id, ...attempt }) => attempt),
        nextCursor: rows.length > limit && last !== undefined ? cursorOf(last.id) : null,
      };
    },
    async addUnauthenticated(counts, at) {
      if (counts.length === 0) return;
      const lastAt = at.toISOString();
      await db
        .insertInto('unauthenticated')
        .values(counts.map(({ address, times }) => ({ address, times, hour: hourOf(at), lastAt })))
        .onConflict((conflict) =>
          conflict.columns(['hour', 'address']).doUpdateSet({
            times: sql`unauthenticated.times + excluded.times`,
            lastAt: sql`greatest(unauthenticated.last_at, excluded.last_at)`,
          }),
        )
        .execute();
    },
    async unauthenticated({ from, to }, limit) {
      let query = db
        .selectFrom('unauthenticated')
        .select(({ fn }) => ['address', fn.sum<number>('times').as('times'), fn.max('lastAt').as('lastAt')])
        .groupBy('address');
      if (from !== undefined) query = query.where('lastAt', '>=', from);
      if (to !== undefined) query = query.where('hour', '<', to);
      const rows = await query.orderBy('times', 'desc').orderBy('address').limit(limit).execute();
      return rows.map(({ address, times, lastAt }) => ({ address, times: Number(times), lastAt }));
    },
  };
}
