import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { CountersignError, type JsonObject } from '../contract/index.ts';
import type { Database } from './database.ts';

/** The right to execute an action now, until it is given back or runs out. */
export interface ExecutionLease {
  tenant: string;
  action: string;
  lease: string;
  /** From 1: this one included. */
  attempt: number;
  /** The last note of an earlier attempt; null where there is none. */
  before: JsonObject | null;
}

/**
 * Leases on actions that the engine executes itself. Of all processes at most one holds the lease of an action. A row releases
 * nothing: the executing process reads the sealed records first.
 */
export interface ExecutionStore {
  /** Null while somebody else holds it. */
  claim(tenant: string, action: string, leaseMs: number): Promise<ExecutionLease | null>;
  /**
   * Stores how far this attempt got. On disk when it resolves, so that the next attempt knows.
   *
   * @throws CountersignError `unavailable` where the lease ran out and somebody else took over: do nothing more
   */
  note(lease: ExecutionLease, note: JsonObject): Promise<void>;
  /** Gives it back, with its note, for another attempt. */
  release(lease: ExecutionLease): Promise<void>;
  /** Deletes it, after the outcome was sealed. */
  remove(lease: ExecutionLease): Promise<void>;
}

export function createExecutionStore(db: Database): ExecutionStore {
  return {
    async claim(tenant, action, leaseMs) {
      const lease = randomUUID();
      const { rows } = await sql<{ attempts: number; note: JsonObject | null }>`
        insert into execution as e (tenant, action, lease, lease_until, attempts, note)
        values (${tenant}, ${action}, ${lease}, now() + ${leaseMs} * interval '1 millisecond', 1, null)
        on conflict (tenant, action) do update
          set lease = excluded.lease, lease_until = excluded.lease_until, attempts = e.attempts + 1
          where e.lease_until <= now()
        returning attempts, note`.execute(db);
      const [row] = rows;
      return row === undefined ? null : { tenant, action, lease, attempt: row.attempts, before: row.note };
    },
    async note({ tenant, action, lease }, note) {
      const { numUpdatedRows } = await db
        .updateTable('execution')
        .set({ note: JSON.stringify(note) })
        .where('tenant', '=', tenant)
        .where('action', '=', action)
        .where('lease', '=', lease)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw new CountersignError('unavailable', 'another process executes this action now');
    },
    async release({ tenant, action, lease }) {
      await sql`
        update execution set lease_until = now()
        where tenant = ${tenant} and action = ${action} and lease = ${lease}`.execute(db);
    },
    async remove({ tenant, action, lease }) {
      await db
        .deleteFrom('execution')
        .where('tenant', '=', tenant)
        .where('action', '=', action)
        .where('lease', '=', lease)
        .execute();
    },
  };
}
