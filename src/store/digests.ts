/**
 * Actions that are announced together: what waits at each place, and the message that announces it. Only the process that holds the digest changes it. A hold ends after a while, also when its process died.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** How long one process may hold a digest, in milliseconds. More than a call of Slack takes. */
const BUSY_MS = 30_000;
/** Actions of one message: each takes two of Slack's fifty blocks. */
export const DIGEST_MAX = 20;

/** One message about several actions. */
export interface Digest {
  id: string;
  /** Where: a channel as policy writes it, or a directory id. */
  target: string;
  /** As Slack holds it; null where it is not posted. */
  posted: { workspace: string; channel: string; ts: string } | null;
  /** Why it cannot be posted there; null where it can. */
  why: string | null;
}

export interface DigestStore {
  /**
   * Notes that an action is to be announced with others, at each of `targets`, until `due` at the latest. Once.
   *
   * @returns when the first of all that wait at one of them is due
   */
  hold(tenant: string, action: string, targets: readonly string[], due: Date): Promise<Date>;
  /** The action gets a separate message, and is no longer gathered. */
  drop(tenant: string, action: string): Promise<void>;
  /** How many wait at each of `targets`, in their order. */
  waiting(tenant: string, targets: readonly string[]): Promise<number[]>;
  /** The digests of an action, announced or being announced. */
  of(tenant: string, action: string): Promise<Digest[]>;
  /** Digests at `target` whose process said neither where they are posted nor why not, and is gone. */
  lost(tenant: string, target: string, now: Date): Promise<{ id: string; at: Date }[]>;
  /** The actions of a digest. */
  actions(tenant: string, digest: string): Promise<string[]>;
  /** Takes all actions that wait at `target`, including `action`, into a new digest that the caller holds; null while `action` is held by another. */
  take(
    tenant: string,
    action: string,
    target: string,
    now: Date,
  ): Promise<{ digest: string; actions: string[] } | null>;
  /** Takes hold of an announced digest; false while another process has it. */
  lock(tenant: string, digest: string, now: Date): Promise<boolean>;
  /** Stores the result. Actions that were neither posted nor found impossible to post wait again. */
  done(tenant: string, digest: string, outcome: Pick<Digest, 'posted' | 'why'>): Promise<void>;
}

export function createDigestStore(db: Database): DigestStore {
  const giveBack = async (on: Database, tenant: string, ids: readonly string[]): Promise<void> => {
    await on
      .updateTable('digestEntry')
      .set({ digest: null })
      .where('tenant', '=', tenant)
      .where('digest', 'in', ids)
      .execute();
    await on.deleteFrom('digest').where('tenant', '=', tenant).where('id', 'in', ids).execute();
  };
  const lostAt = (on: Database, tenant: string, target: string, now: Date) =>
    on
      .selectFrom('digest')
      .where('tenant', '=', tenant)
      .where('target', '=', target)
      .where('ts', 'is', null)
      .where('why', 'is', null)
      .where('busyUntil', '<', now.toISOString());
  return {
    async hold(tenant, action, targets, due) {
      if (targets.length === 0) return due;
      const rows = targets.map((target) => ({ tenant, action, target, due: due.toISOString(), digest: null }));
      await db
        .insertInto('digestEntry')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const first = await db
        .selectFrom('digestEntry')
        .select(({ fn }) => fn.min('due').as('due'))
        .where('tenant', '=', tenant)
        .where('target', 'in', targets)
        .where('digest', 'is', null)
        .executeTakeFirst();
      return first?.due == null ? due : new Date(Math.min(due.getTime(), Date.parse(first.due)));
    },
    async drop(tenant, action) {
      await db
        .deleteFrom('digestEntry')
        .where('tenant', '=', tenant)
        .where('action', '=', action)
        .where('digest', 'is', null)
        .execute();
    },
    async waiting(tenant, targets) {
      const rows = await db
        .selectFrom('digestEntry')
        .select(['target', ({ fn }) => fn.countAll<string>().as('count')])
        .where('tenant', '=', tenant)
        .where('target', 'in', targets.length === 0 ? [''] : targets)
        .where('digest', 'is', null)
        .groupBy('target')
        .execute();
      return targets.map((target) => Number(rows.find((row) => row.target === target)?.count ?? 0));
    },
    async of(tenant, action) {
      const rows = await db
        .selectFrom('digest')
        .innerJoin('digestEntry', (join) =>
          join.onRef('digestEntry.tenant', '=', 'digest.tenant').onRef('digestEntry.digest', '=', 'digest.id'),
        )
        .select(['digest.id', 'digest.target', 'digest.workspace', 'digest.channel', 'digest.ts', 'digest.why'])
        .where('digestEntry.tenant', '=', tenant)
        .where('digestEntry.action', '=', action)
        .execute();
      return rows.map(({ id, target, workspace, channel, ts, why }) => ({
        id,
        target,
        posted: workspace === null || channel === null || ts === null ? null : { workspace, channel, ts },
        why,
      }));
    },
    async actions(tenant, digest) {
      const rows = await db
        .selectFrom('digestEntry')
        .select('action')
        .where('tenant', '=', tenant)
        .where('digest', '=', digest)
        .orderBy('action')
        .execute();
      return rows.map(({ action }) => action);
    },
    async lost(tenant, target, now) {
      const rows = await lostAt(db, tenant, target, now).select(['id', 'at']).execute();
      return rows.map(({ id, at }) => ({ id, at: new Date(at) }));
    },
    take: (tenant, action, target, now) =>
      db.transaction().execute(async (on) => {
        const lost = await lostAt(on, tenant, target, now).select('id').forUpdate().skipLocked().execute();
        if (lost.length > 0)
          await giveBack(
            on,
            tenant,
            lost.map(({ id }) => id),
          );
        const id = randomUUID();
        const busyUntil = new Date(now.getTime() + BUSY_MS).toISOString();
        const none = { workspace: null, channel: null, ts: null, why: null };
        await on
          .insertInto('digest')
          .values({ tenant, id, target, ...none, at: now.toISOString(), busyUntil })
          .execute();
        const taken = await sql<{ action: string }>`
          update digest_entry set digest = ${id} where tenant = ${tenant} and target = ${target} and digest is null
            and action = any(array(
              select action from digest_entry where tenant = ${tenant} and target = ${target} and digest is null
              order by action <> ${action}, action limit ${DIGEST_MAX} for update skip locked))
          returning action`.execute(on);
        const actions = taken.rows.map((row) => row.action);
        if (actions.includes(action)) return { digest: id, actions };
        if (actions.length > 0) await giveBack(on, tenant, [id]);
        else await on.deleteFrom('digest').where('tenant', '=', tenant).where('id', '=', id).execute();
        return null;
      }),
    async lock(tenant, digest, now) {
      const { numUpdatedRows } = await db
        .updateTable('digest')
        .set({ busyUntil: new Date(now.getTime() + BUSY_MS).toISOString() })
        .where('tenant', '=', tenant)
        .where('id', '=', digest)
        .where((either) => either.or([either('busyUntil', 'is', null), either('busyUntil', '<', now.toISOString())]))
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async done(tenant, digest, { posted, why }) {
      if (posted === null && why === null) {
        return db.transaction().execute((on) => giveBack(on, tenant, [digest]));
      }
      await db
        .updateTable('digest')
        .set({ busyUntil: null, why, ...(posted ?? {}) })
        .where('tenant', '=', tenant)
        .where('id', '=', digest)
        .execute();
    },
  };
}
