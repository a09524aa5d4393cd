import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import type { LimitFact, Reservation } from '../contract/index.ts';
import type { Committing, Postgres } from './postgres.ts';

/** One limit that a request touches, as policy asks for it. */
export interface LimitQuery {
  /** `policy/limit` */
  limit: string;
  /** Values of the key fields, in the policy's order. */
  key: string[];
  windowMs: number;
}

/** A judgement, and its shares of limits. */
export interface DecidedLimits<T> {
  reservations: readonly Reservation[];
  /** Kept as JSON. */
  value: T;
}

/** A count that was made without a lock. */
export interface LimitGlance {
  facts: LimitFact[];
  /**
   * Stores the decision that rests on this count, in one round trip under the limits' locks. False, with nothing stored, where a share was
   * taken or given back since, or the action is decided already. Then {@link LimitStore.decide} counts again.
   */
  take(decided: DecidedLimits<unknown>): Promise<boolean>;
  /** Must be called once, whatever happened. Other callers may glance from then on. */
  end(): void;
}

/**
 * Limits as reservations. An action's share is written in the transaction that judged it, so two actions can never both take what is enough
 * for one.
 */
export interface LimitStore {
  /**
   * Judges under the limits' locks. In one transaction: takes the locks of all `queries` in one order, sums what other actions have
   * reserved inside each sliding window ending at `now`, calls `decide`, stores its reservations and its value.
   *
   * Once decided, an action stays decided: a second call, also a concurrent one of another process, answers the stored value without
   * calling `decide`. The value is kept as JSON. `decide` runs inside the transaction, under the locks, so it must not wait for anything
   * that could wait for them.
   *
   * Answers as soon as it is decided. Seal a record that rests on it after `committed`; that brings the decision to disk too.
   */
  decide<T>(
    tenant: string,
    action: string,
    queries: readonly LimitQuery[],
    now: Date,
    decide: (facts: LimitFact[]) => Promise<DecidedLimits<T>>,
  ): Promise<Committing<T>>;
  /**
   * Counts without a lock, for callers that have to wait for something else before anything may be written. Null while another call in this process counts one of these limits, because the two would only invalidate each other.
   */
  glance(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): Promise<LimitGlance | null>;
  /** The current use of the limits, without this action's own share. Takes no lock and reserves nothing. */
  usage(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): Promise<LimitFact[]>;
  /** Gives back what an action holds. */
  release(tenant: string, action: string): Promise<void>;
}

/** Identity of one limit and key. It is a digest, because keys are text of any length from callers. */
function slotOf(limit: string, key: readonly string[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([limit, ...key]))
    .digest();
}

/** {@link LimitQuery}'s identity as text, to compare reservations with the records. */
export const limitSlot = (limit: string, key: readonly string[]): string => slotName(slotOf(limit, key));

/** The same of a stored one. */
export const slotName = (slot: Uint8Array): string => Buffer.from(slot.subarray(0, 16)).toString('base64url');

/** Advisory lock ids in one global order, so that no two transactions wait for each other. */
function lockIds(tenant: string, names: readonly (readonly string[])[]): string[] {
  const ids = names.map((name) =>
    createHash('sha256')
      .update(JSON.stringify(['countersign limit', tenant, ...name]))
      .digest()
      .readBigInt64BE(),
  );
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)).map(String);
}

/** The first boundary of `width` that is not before `time`. */
const nextOf = (width: string, time: string): string =>
  `date_bin('${width}', ${time} + interval '${width}' - interval '1 microsecond', timestamptz 'epoch')`;

/** Totals of one width between two boundaries of it. */
const totals = (width: string, between: string): string =>
  `coalesce((select sum(t.total) from limit_total t
    where t.tenant = $1 and t.slot = q.slot and t.width = interval '${width}' and ${between}), 0)`;

/**
 * The sum of everything held after `q.since`, exact at its edge: single reservations up to the next second, then totals of seconds up to the
 * next minute, of minutes up to the next hour, and of hours from there on. However much is held, it is a few hundred rows.
 */
const HELD = `(coalesce((select sum(r.amount) from limit_reservation r
    where r.tenant = $1 and r.slot = q.slot and r.at > q.since and r.at < s.second), 0)
  + ${totals('1 second', 't.start >= s.second and t.start < m.minute')}
  + ${totals('1 minute', 't.start >= m.minute and t.start < h.hour')}
  + ${totals('1 hour', 't.start >= h.hour')})`;

/** The share that the asking action holds itself. */
const OWN_SHARE = `coalesce((select sum(r.amount) from limit_reservation r
    where r.tenant = $1 and r.action = $4 and r.slot = q.slot and r.at > q.since), 0)`;

/** The share of each limit that other actions hold, in the order of `$2`, `$3`. `$1` is the tenant and `$4` the action. */
const USED = `select coalesce(array_agg(used order by n), '{}') from (
  select q.n, trim_scale(${HELD} - ${OWN_SHARE})::text as used
  from unnest($2::bytea[], $3::timestamptz[]) with ordinality as q(slot, since, n)
  cross join lateral (select date_bin('1 second', q.since, timestamptz 'epoch') + interval '1 second' as second) as s
  cross join lateral (select ${nextOf('1 minute', 's.second')} as minute) as m
  cross join lateral (select ${nextOf('1 hour', 'm.minute')} as hour) as h) as sums`;

const USAGE = `select (${USED}) as used`;

const READ = `select (select value from limit_decision where tenant = $1 and action = $4) as before, (${USED}) as used`;

const TAKE = `with held as materialized (select (${USED}) as used),
  decided as (insert into limit_decision (tenant, action, value, at)
    select $1, $4, $5, $6 from held where used = $7::text[]
    on conflict (tenant, action) do nothing returning tenant),
  reserved as (insert into limit_reservation (tenant, action, slot, limit_name, amount, at, until)
    select $1, $4, r.slot, r.limit_name, r.amount, $6, r.until
    from decided, unnest($8::bytea[], $9::text[], $10::numeric[], $11::timestamptz[]) as r(slot, limit_name, amount, until))
  select tenant from decided`;

const WRITE = `with decided as (insert into limit_decision (tenant, action, value, at) values ($1, $2, $3, $4))
  insert into limit_reservation (tenant, action, slot, limit_name, amount, at, until)
  select $1, $2, r.slot, r.limit_name, r.amount, $4, r.until
  from unnest($5::bytea[], $6::text[], $7::numeric[], $8::timestamptz[]) as r(slot, limit_name, amount, until)`;

/** The values `$1` to `$4` of a query about limits. A window may be longer than dates go back; nothing was taken before 1970. */
function asked(tenant: string, action: string, queries: readonly LimitQuery[], now: Date): unknown[] {
  return [
    tenant,
    queries.map(({ limit, key }) => slotOf(limit, key)),
    queries.map(({ windowMs }) => new Date(Math.max(0, now.getTime() - windowMs)).toISOString()),
    action,
  ];
}

const factsOf = (queries: readonly LimitQuery[], used: readonly string[] | undefined): LimitFact[] =>
  queries.map(({ limit, key }, i) => ({ limit, key: [...key], used: used?.[i] ?? '0' }));

/** 9999-12-31: a window may be longer than what a date can hold. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** Reservations as columns. */
const columnsOf = (reservations: readonly Reservation[], now: Date): unknown[] => [
  reservations.map(({ limit, key }) => slotOf(limit, key)),
  reservations.map(({ limit }) => limit),
  reservations.map(({ amount }) => amount),
  reservations.map(({ windowMs }) => new Date(Math.min(LAST_INSTANT, now.getTime() + windowMs)).toISOString()),
];

/**
 * Takes the locks in the order of their ids. The commit is not waited for on disk: the decision counts for nothing until its record is
 * sealed, and that commit, later in the same write-ahead log, brings this one to disk too.
 */
const openingOf = (ids: readonly string[]): string =>
  `set local synchronous_commit = off; ${ids.map((id) => `select pg_advisory_xact_lock('${id}')`).join('; ')}`;

const locksOf = (tenant: string, action: string, queries: readonly LimitQuery[]): string[] =>
  lockIds(tenant, [['action', action], ...queries.map(({ limit, key }) => ['limit', limit, ...key])]);

export function createLimitStore({ db, locking, lockedWrite }: Postgres): LimitStore {
  /** The locks that are in use in this process now, and how often. */
  const counting = new Map<string, number>();
  const begin = (ids: readonly string[]): (() => void) => {
    for (const id of ids) counting.set(id, (counting.get(id) ?? 0) + 1);
    return () => {
      for (const id of ids) {
        const left = (counting.get(id) ?? 1) - 1;
        if (left === 0) counting.delete(id);
        else counting.set(id, left);
      }
    };
  };
  const usage: LimitStore['usage'] = async (tenant, action, queries, now) => {
    if (queries.length === 0) return [];
    const asks = CompiledQuery.raw(USAGE, asked(tenant, action, queries, now));
    const { rows } = await db.executeQuery<{ used: string[] }>(asks as CompiledQuery<{ used: string[] }>);
    return factsOf(queries, rows[0]?.used);
  };
  return {
    usage,
    async glance(tenant, action, queries, now) {
      const ids = locksOf(tenant, action, queries);
      if (ids.some((id) => counting.has(id))) return null;
      const end = begin(ids);
      try {
        const facts = await usage(tenant, action, queries, now);
        return {
          facts,
          end,
          async take({ reservations, value }) {
            const values = [
              ...asked(tenant, action, queries, now),
              ...[JSON.stringify(value), now.toISOString(), facts.map(({ used }) => used)],
              ...columnsOf(reservations, now),
            ];
            const taken = await lockedWrite(openingOf(ids), { name: 'limit-take', text: TAKE, values });
            return taken.length === 1;
          },
        };
      } catch (error) {
        end();
        throw error;
      }
    },
    async decide<T>(
      tenant: string,
      action: string,
      queries: readonly LimitQuery[],
      now: Date,
      decide: (facts: LimitFact[]) => Promise<DecidedLimits<T>>,
    ): Promise<Committing<T>> {
      const ids = locksOf(tenant, action, queries);
      const end = begin(ids);
      try {
        const read = { name: 'limit-read', text: READ, values: asked(tenant, action, queries, now) };
        return await locking(openingOf(ids), read, async ([row]: { before: T | null; used: string[] }[]) => {
          if (row !== undefined && row.before !== null) return { value: row.before, write: null };
          const { reservations, value } = await decide(factsOf(queries, row?.used));
          const values = [
            ...[tenant, action, JSON.stringify(value), now.toISOString()],
            ...columnsOf(reservations, now),
          ];
          return { value, write: { name: 'limit-write', text: WRITE, values } };
        });
      } finally {
        end();
      }
    },
    async release(tenant, action) {
      await db.deleteFrom('limitReservation').where('tenant', '=', tenant).where('action', '=', action).execute();
    },
  };
}
