/** The statements that count limits and store decisions under them. */
import { createHash } from 'node:crypto';
import type { LimitFact, Reservation } from '../contract/index.ts';
import type { Statement } from './transactions.ts';

/** One limit that a request touches, as policy asks for it. */
export interface LimitQuery {
  /** `policy/limit` */
  limit: string;
  /** Values of the key fields, in the policy's order. */
  key: string[];
  windowMs: number;
}

/** One action, and the limits that it touches. */
export interface LimitAsk {
  action: string;
  queries: readonly LimitQuery[];
  now: Date;
}

/** What is written of one action. */
export interface LimitDecision {
  action: string;
  now: Date;
  reservations: readonly Reservation[];
  /** Kept as JSON. */
  value: unknown;
}

/** Identity of one limit and key. It is a digest, because keys are text of any length from callers. */
export function slotOf(limit: string, key: readonly string[]): Buffer {
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
  return inOrder(ids.map(String));
}

export const locksOf = (tenant: string, { action, queries }: LimitAsk): string[] =>
  lockIds(tenant, [['action', action], ...queries.map(({ limit, key }) => ['limit', limit, ...key])]);

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
    where r.tenant = $1 and r.action = q.action and r.slot = q.slot and r.at > q.since), 0)`;

/** The share of each limit that other actions than the asking one, `$4`, hold, in the order of `$2` to `$4`. `$1` is the tenant. */
const USED = `select coalesce(array_agg(used order by n), '{}') from (
  select q.n, trim_scale(${HELD} - ${OWN_SHARE})::text as used
  from unnest($2::bytea[], $3::timestamptz[], $4::text[]) with ordinality as q(slot, since, action, n)
  cross join lateral (select date_bin('1 second', q.since, timestamptz 'epoch') + interval '1 second' as second) as s
  cross join lateral (select ${nextOf('1 minute', 's.second')} as minute) as m
  cross join lateral (select ${nextOf('1 hour', 'm.minute')} as hour) as h) as sums`;

/** The use of limits, each without the share of the action that asks. */
export const USAGE = `select (${USED}) as used`;

const READ = `select (${USED}) as used,
  (select coalesce(json_object_agg(d.action, d.value), '{}') from limit_decision d
    where d.tenant = $1 and d.action = any($5::text[])) as before`;

const TAKE = `with held as materialized (select (${USED}) as used),
  decided as (insert into limit_decision (tenant, action, value, at)
    select $1, $5, $6, $7 from held where used = $8::text[]
    on conflict (tenant, action) do nothing returning tenant),
  reserved as (insert into limit_reservation (tenant, action, slot, limit_name, amount, at, until)
    select $1, $5, r.slot, r.limit_name, r.amount, $7, r.until
    from decided, unnest($9::bytea[], $10::text[], $11::numeric[], $12::timestamptz[]) as r(slot, limit_name, amount, until))
  select tenant from decided`;

const WRITE = `with decided as (insert into limit_decision (tenant, action, value, at)
    select $1, d.action, d.value, d.at from unnest($2::text[], $3::json[], $4::timestamptz[]) as d(action, value, at))
  insert into limit_reservation (tenant, action, slot, limit_name, amount, at, until)
  select $1, r.action, r.slot, r.limit_name, r.amount, r.at, r.until
  from unnest($5::text[], $6::timestamptz[], $7::bytea[], $8::text[], $9::numeric[], $10::timestamptz[])
    as r(action, at, slot, limit_name, amount, until)`;

/** The values `$1` to `$4` of a query about limits. A window may be longer than dates go back; nothing was taken before 1970. */
export function queryValues(tenant: string, asks: readonly LimitAsk[]): unknown[] {
  const each = asks.flatMap(({ action, queries, now }) => queries.map((query) => ({ action, query, now })));
  return [
    tenant,
    each.map(({ query: { limit, key } }) => slotOf(limit, key)),
    each.map(({ query, now }) => new Date(Math.max(0, now.getTime() - query.windowMs)).toISOString()),
    each.map(({ action }) => action),
  ];
}

export const factsOf = (queries: readonly LimitQuery[], used: readonly string[] | undefined): LimitFact[] =>
  queries.map(({ limit, key }, i) => ({ limit, key: [...key], used: used?.[i] ?? '0' }));

/** 9999-12-31: a window may be longer than what a date can hold. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** Reservations as columns. */
const columnsOf = (each: readonly { now: Date; reservation: Reservation }[]): unknown[] => [
  each.map(({ reservation: { limit, key } }) => slotOf(limit, key)),
  each.map(({ reservation: { limit } }) => limit),
  each.map(({ reservation: { amount } }) => amount),
  each.map(({ now, reservation: { windowMs } }) =>
    new Date(Math.min(LAST_INSTANT, now.getTime() + windowMs)).toISOString(),
  ),
];

/**
 * The commit is not waited for on disk: the decision counts for nothing until its record is sealed, and that commit, later in the same
 * write-ahead log, brings this one to disk too.
 */
export const RELAXED = 'set local synchronous_commit = off';

/** Takes a few locks, in the order of their ids: a statement for each. */
export const lockEach = (ids: readonly string[]): string[] =>
  inOrder(ids).map((id) => `select pg_advisory_xact_lock('${id}')`);

/** Takes a few locks, and what follows is not waited for on disk. */
export const openingOf = (ids: readonly string[]): string => [RELAXED, ...lockEach(ids)].join('; ');

/** Takes many locks, in the order in which they are given. */
export const lockStatement = (ids: readonly string[]): Statement => ({
  name: 'limit-locks',
  text: 'select pg_advisory_xact_lock(id) from unnest($1::bigint[]) as id',
  values: [ids],
});

/** What is used of every limit that is asked for, and what was decided before. */
export const usageStatement = (tenant: string, asks: readonly LimitAsk[]): Statement => ({
  name: 'limit-read-all',
  text: READ,
  values: [...queryValues(tenant, asks), asks.map(({ action }) => action)],
});

/** Stores what was decided if `used` still is so. */
export const takeStatement = (
  tenant: string,
  ask: LimitAsk,
  { reservations, value }: Pick<LimitDecision, 'reservations' | 'value'>,
  used: readonly string[],
): Statement => ({
  name: 'limit-take',
  text: TAKE,
  values: [
    ...queryValues(tenant, [ask]),
    ...[ask.action, JSON.stringify(value), ask.now.toISOString(), used],
    ...columnsOf(reservations.map((reservation) => ({ now: ask.now, reservation }))),
  ],
});

/** Stores what was decided. */
export function writeStatement(tenant: string, all: readonly LimitDecision[]): Statement {
  const each = all.flatMap(({ action, now, reservations }) =>
    reservations.map((reservation) => ({ action, now, reservation })),
  );
  return {
    name: 'limit-write-all',
    text: WRITE,
    values: [
      tenant,
      all.map(({ action }) => action),
      all.map(({ value }) => JSON.stringify(value)),
      all.map(({ now }) => now.toISOString()),
      each.map(({ action }) => action),
      each.map(({ now }) => now.toISOString()),
      ...columnsOf(each),
    ],
  };
}

/** Ids of locks in the one order of all processes, so that no two transactions wait for each other; each once. */
export const inOrder = (ids: readonly string[]): string[] =>
  [...new Set(ids)]
    .map(BigInt)
    .sort((a, b) => (a < b ? -1 : 1))
    .map(String);
