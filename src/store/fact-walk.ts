/**
 * Finding rows by what may be anywhere: what is common is soon met on a walk through the newest rows, what is rare is found where an index
 * has it. Neither is quick for both, and how common a combination is nobody knows before.
 */
import { sql, type RawBuilder } from 'kysely';
import { beyondValues, factConditions, hasValues, isCovered, valuesOf } from './fact-conditions.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';

/** Rows that are walked through before an index is asked: a few milliseconds in an index that has all of them. */
const WALK = 50_000;
/** As many where rows themselves have to be read, for a text in them. */
const WALK_OF_ROWS = 10_000;

export interface WalkOrder {
  descending: boolean;
  /** Rows after this one, in that order: time (RFC 3339) and position. */
  after?: { askedAt: string; index: number } | undefined;
}

export interface WalkLimits {
  /** Rows that are wanted. */
  most: number;
  /** Rows that are enough, so that nobody looks further than the walk goes; `most` unless given. */
  enough?: number | undefined;
  /** Rows that are walked through; the default is measured. */
  walk?: number | undefined;
}

/** The columns that the walk's index has. */
const COVERED = sql`action, asked_at, first_index, surface, status, decision, basis, mode, release_basis, approver, policy, rule,
  via, currency, folder`;

const all = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;

/**
 * Rows that fit, by the time of their request, found once for all that a statement asks of them: `found`, for its `with`; and `seen`, whose
 * one row says in `whole` whether these are all.
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
  // Whose actions they may be is no index's to say.
  if (fits.length === 0 || scope !== 'all') {
    const fitting = all([...range, ...fits]);
    return sql`
      found as materialized (select ${COVERED} from action_fact where ${fitting} ${order} limit ${most}),
      seen as (select (select count(*) from found) < ${most} as whole)`;
  }
  const steps = walk ?? (isCovered(filter) ? WALK : WALK_OF_ROWS);
  const values = valuesOf(tenant, rest);
  // What the index of values does not know is read in the rows that it finds.
  const residual = values.length === 0 ? fits : factConditions(beyondValues(rest), scope);
  const indexed = all([...(values.length === 0 ? [] : [hasValues(values)]), ...range, ...residual]);
  const least = Math.min(enough, most);
  // Only one of the two ways is gone to its end: which, the walk says.
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
