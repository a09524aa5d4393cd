/**
 * Searches rows by two ways. Common values are soon met on a walk through the newest rows, rare ones are found in an index of values.
 * Neither way is fast for both, and nobody knows in advance how common a combination is.
 */
import { sql, type RawBuilder } from 'kysely';
import { beyondValues, factConditions, hasValues, isCovered, valuesOf } from './fact-conditions.ts';
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

/** The columns of the walk's index. */
const COVERED = sql`action, asked_at, first_index, surface, status, decision, basis, mode, release_basis, approver, policy, rule,
  via, currency, folder, actor, requester`;

const all = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;

/**
 * The matching rows, by the time of their request, for the `with` of a statement: `found` holds the rows, and the only row of `seen` says in
 * `whole` whether these are all.
 */
export function foundRows(
  tenant: string,
  filter: FactFilter,
  scope: FactScope,
  { descending, after }: WalkOrder,
  { most, enough = most, walk }: WalkLimits,
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
  // No index covers the visibility.
  if (fits.length === 0 || scope !== 'all') {
    const fitting = all([...range, ...fits]);
    return sql`
      found as materialized (select ${COVERED} from action_fact where ${fitting} ${order} limit ${most}),
      seen as (select (select count(*) from found) < ${most} as whole)`;
  }
  const steps = walk ?? (isCovered(filter) ? WALK : WALK_OF_ROWS);
  const values = valuesOf(tenant, rest);
  // Conditions that the index of values does not cover are checked on the rows that it finds.
  const residual = values.length === 0 ? fits : factConditions(beyondValues(rest), scope);
  const indexed = all([...(values.length === 0 ? [] : [hasValues(values)]), ...range, ...residual]);
  const least = Math.min(enough, most);
  // Only one of the two ways runs to its end; the walk decides which.
  return sql`
    met as materialized (
      select ${COVERED} from (select * from action_fact where ${all(range)} ${order} limit ${steps}) as action_fact
      where ${all(fits)} limit ${most}),
    walked as materialized (
      select count(*) >= ${least} as enough, count(*) >= ${least} and count(*) < ${most} and not exists (
          select 1 from action_fact where ${all(range)} ${order} offset ${steps} limit 1) as whole
      from met),
    found as materialized (
      select * from met where (select enough from walked)
      union all (
        select * from (select ${COVERED} from action_fact where ${indexed} offset 0) as indexed
        where not (select enough from walked) ${order} limit ${most})),
    seen as (
      select (select count(*) from found) < ${most} and (select whole or not enough from walked) as whole)`;
}
