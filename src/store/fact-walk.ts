/**
 * Finding rows by values that may be anywhere: common ones are soon met on a walk through the newest rows, rare ones are found where the
 * index of values has them. Neither is quick for both, and how common a combination is nobody knows before.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';
import { factConditions, hasValues, valuesOf, type ValueFilter } from './fact-conditions.ts';

/** Rows that are walked through before the index of values is asked: a few milliseconds in an index that has all of them. */
export const WALK = 50_000;

export interface WalkOrder {
  descending: boolean;
  /** Rows after this one, in that order: time (RFC 3339) and position. */
  after?: { askedAt: string; index: number } | undefined;
}

/** Rows that fit, where they are found soonest. */
export interface FoundRows {
  /** Them, as a query without its columns: `from … where … order by …`. */
  from: RawBuilder<unknown>;
  /** How many there are, if the walk met all of them; else null. */
  count: number | null;
}

/** The columns that the walk's index has. */
const COVERED = sql`action, asked_at, first_index, surface, status, decision, basis, mode, release_basis, approver, policy, rule,
  via, currency, folder`;

const all = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;

/** @param most rows that are wanted */
export async function findRows(
  db: Database,
  tenant: string,
  { from, to, ...values }: ValueFilter,
  { descending, after }: WalkOrder,
  { most, walk = WALK }: { most: number; walk?: number | undefined },
): Promise<FoundRows> {
  const direction = descending ? sql`desc` : sql`asc`;
  const order = sql`order by asked_at ${direction}, first_index ${direction}`;
  const range = [sql<boolean>`tenant = ${tenant}`, ...factConditions({ from, to }, 'all')];
  if (after !== undefined) {
    const beyond = descending ? sql`<` : sql`>`;
    range.push(sql<boolean>`(asked_at, first_index) ${beyond} (${after.askedAt}, ${after.index})`);
  }
  const walked = sql`from (select ${COVERED} from action_fact where ${all(range)} ${order} limit ${walk}) as walked`;
  const fits = all(factConditions(values, 'all'));
  const { rows } = await sql<{ walked: number; fitting: number }>`
    select count(*)::int as walked, (count(*) filter (where ${fits}))::int as fitting ${walked}`.execute(db);
  const { walked: seen, fitting } = rows[0] ?? { walked: 0, fitting: 0 };
  if (seen < walk || fitting >= most)
    return { from: sql`${walked} where ${fits} ${order}`, count: seen < walk ? fitting : null };
  const indexed = sql`(select ${COVERED} from action_fact where ${all([hasValues(valuesOf(tenant, values)), ...range])} offset 0)`;
  return { from: sql`from ${indexed} as indexed ${order}`, count: null };
}
