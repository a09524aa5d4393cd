/**
 * Searches rows by two ways. Common values are soon met on a walk through the newest rows, rare ones are found in an index of values.
 * Neither way is fast for both, and nobody knows in advance how common a combination is.
 */
import { sql, type RawBuilder } from 'kysely';
import { beyondValues, factConditions, hasValues, isCovered, valuesOf } from './fact-conditions.ts';
import type { ActionFact } from './action-fact.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';

/** Rows that are walked through before an index is asked: a few milliseconds in an index that covers the query. */
const WALK = 50_000;
/** The same where the rows themselves have to be read, for a text search. */
const WALK_OF_ROWS = 10_000;

export interface WalkOrder {
  descending: boolean;
  /** Rows after this one, in that order: time (RFC 3339) and position. */
  after?: { askedAt: string; index: number } | undefined;
}

export interface WalkLimits {
  /** Rows that are wanted. */
  most: number;
  /** Rows that are enough to stop after the walk; `most` unless given. */
  enough?: number | undefined;
  /** Rows that are walked through; the default is measured. */
  walk?: number | undefined;
}

const all = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;

/** Whether there is a choice between the two ways. No index covers the visibility, and any row fits a time alone. */
export const isWalked = ({ from: _from, to: _to, ...rest }: FactFilter, scope: FactScope): boolean =>
  scope === 'all' && factConditions(rest, scope).length > 0;

/**
 * The matching rows, by the time of their request, for the `with` of a statement: `found` holds their place and `columns`. `waitMs` is no part of the walk's
 * index, so it is null except in rows that the index of values found. The only row of `seen` says in `count` how many there are, in `whole` whether these are all
 * that match, and in `indexed` whether the index of values found them.
 */
export function foundRows(
  tenant: string,
  filter: FactFilter,
  scope: FactScope,
  { descending, after }: WalkOrder,
  { most, enough = most, walk }: WalkLimits,
  columns: readonly (keyof ActionFact)[],
): RawBuilder<unknown> {
  const direction = descending ? sql`desc` : sql`asc`;
  const order = sql`order by asked_at ${direction}, first_index ${direction}`;
  const { from, to, ...rest } = filter;
  const range = [sql<boolean>`tenant = ${tenant}`, ...factConditions({ from, to }, 'all')];
  if (after !== undefined) {
    const beyond = descending ? sql`<` : sql`>`;
    range.push(sql<boolean>`(asked_at, first_index) ${beyond} (${after.askedAt}, ${after.index})`);
  }
  const fits = factConditions(rest, scope);
  const read = [...new Set<keyof ActionFact>(['askedAt', 'firstIndex', ...columns])];
  const known = sql.join(read.map((name) => sql.ref(name)));
  const covered = sql.join(read.map((name) => (name === 'waitMs' ? sql`null::bigint as wait_ms` : sql.ref(name))));
  if (!isWalked(filter, scope)) {
    const fitting = all([...range, ...fits]);
    return sql`
      found as materialized (select ${covered} from action_fact where ${fitting} ${order} limit ${most}),
      seen as (select count(*)::int as count, count(*) < ${most} as whole, false as indexed from found)`;
  }
  const steps = walk ?? (isCovered(filter) ? WALK : WALK_OF_ROWS);
  const values = valuesOf(tenant, rest);
  // Conditions that the index of values does not cover are checked on the rows that it finds.
  const residual = values.length === 0 ? fits : factConditions(beyondValues(rest), scope);
  const indexed = all([...(values.length === 0 ? [] : [hasValues(values)]), ...range, ...residual]);
  const back = descending ? sql`asc` : sql`desc`;
  // Only one of the two ways runs to its end; the walk decides which. One that met the row at the far edge has met all.
  return sql`
    edge as materialized (
      select first_index from action_fact where ${all(range)} order by asked_at ${back}, first_index ${back} limit 1),
    met as materialized (
      select ${covered}, first_index = (select first_index from edge) as is_edge,
        case when first_index = (select first_index from edge) then ${all(fits)} else true end as fits
      from (select * from action_fact where ${all(range)} ${order} limit ${steps}) as action_fact
      where ${all(fits)} or first_index = (select first_index from edge) limit ${most}),
    walked as materialized (
      select coalesce(bool_or(is_edge), false) as whole,
        coalesce(bool_or(is_edge), false) or count(*) filter (where fits) >= ${Math.min(enough, most)} as enough
      from met),
    rare as materialized (
      select * from (select ${known} from action_fact where ${indexed} offset 0) as indexed
      where not (select enough from walked) ${order} limit ${most}),
    found as not materialized (
      select ${known} from met where fits and (select enough from walked) union all select * from rare),
    seen as (
      select count(*)::int as count, count(*) < ${most} and (select whole or not enough from walked) as whole,
        (select not enough from walked) as indexed from found)`;
}
