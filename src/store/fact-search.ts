/** Searches rows of the read model. Visibility is always one of the conditions, and pages follow a total order. */
import { sql, type RawBuilder } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';
import { factConditions, isCovered } from './fact-conditions.ts';
import { foundRows, isWalked } from './fact-walk.ts';
import type { ActionFact } from './action-fact.ts';

export const FACT_SORTS = ['askedAt', '-askedAt', 'amount', '-amount', 'waitMs', '-waitMs'] as const;
export type FactSort = (typeof FACT_SORTS)[number];

/** The facets: columns whose values are counted. */
export const FACETS = [
  'surface',
  'status',
  'decision',
  'basis',
  'releaseBasis',
  'mode',
  'policy',
  'actor',
  'approver',
  'requester',
  'via',
  'currency',
  'folder',
] as const;
export type Facet = (typeof FACETS)[number];

export interface FacetCount {
  facet: Facet;
  value: string;
  count: number;
}

export interface FactPage {
  facts: ActionFact[];
  nextCursor: string | null;
}

/** The results of a filter, all from the same rows. */
export interface FactLook extends FactPage {
  /** How many rows match, as far as they are counted. */
  count: number;
  /** False where there are more, or may be. */
  exact: boolean;
  /** Values of each facet among the newest that are counted, the most frequent first, 50 of each; none unless asked for. */
  facets: FacetCount[];
}

export interface FactQuery {
  filter: FactFilter;
  scope: FactScope;
  sort: FactSort;
  cursor: string | undefined;
  limit: number;
}

export interface FactSearch {
  /** One page. @throws CountersignError `invalid-request` for a cursor that was not made for this order */
  search(tenant: string, query: FactQuery): Promise<FactPage>;
  /** One page, with the number of all matches and their facets, in one search. */
  look(tenant: string, query: FactQuery & { counted: number; facets: boolean }): Promise<FactLook>;
  /** How many rows match, `most` at most. */
  count(tenant: string, filter: FactFilter, scope: FactScope, most: number): Promise<number>;
}

/** The column of an order, and its direction. */
function orderOf(sort: FactSort): { column: 'askedAt' | 'amount' | 'waitMs'; direction: 'asc' | 'desc' } {
  const descending = sort.startsWith('-');
  const column = (descending ? sort.slice(1) : sort) as 'askedAt' | 'amount' | 'waitMs';
  return { column, direction: descending ? 'desc' : 'asc' };
}

const cursorOf = (sort: FactSort, value: string | number, index: number): string =>
  Buffer.from(JSON.stringify([sort, value, index])).toString('base64url');

function placeOf(sort: FactSort, cursor: string): { value: string | number; index: number } {
  try {
    const [made, value, index] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    const sound = typeof value === 'number' || (typeof value === 'string' && /^[-0-9.TZ:]{1,64}$/.test(value));
    if (made === sort && sound && Number.isSafeInteger(index)) return { value, index: index as number };
  } catch {
    // Falls through: not one of ours.
  }
  throw new CountersignError('invalid-request', 'the cursor is not one of ours, or of another order; begin again');
}

/** Rows that have a place in this order, beyond the cursor. @throws CountersignError `invalid-request` */
function pageConditions(sort: FactSort, cursor: string | undefined): RawBuilder<boolean>[] {
  const { column, direction } = orderOf(sort);
  const name = sql.ref(column);
  const conditions = [sql<boolean>`${name} is not null`];
  if (cursor !== undefined) {
    const { value, index } = placeOf(sort, cursor);
    const beyond = direction === 'desc' ? sql`<` : sql`>`;
    conditions.push(sql<boolean>`(${name}, first_index) ${beyond} (${value}, ${index})`);
  }
  return conditions;
}

function pageOf(rows: readonly ActionFact[], sort: FactSort, limit: number): FactPage {
  const facts = rows.slice(0, limit);
  const last = facts.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { facts, nextCursor: more ? cursorOf(sort, last[orderOf(sort).column] ?? '', last.firstIndex) : null };
}

/** Values that are named of each facet. */
const FACET_VALUES = 50;
const FACET_COLUMNS = FACETS.map((facet) => sql.ref(facet));

/** The values of each facet among the newest rows that were found, all counted in one pass over them. */
const countsOf = (newest: number) => sql`(
  select jsonb_agg(jsonb_build_object('facet', facet, 'value', value, 'count', count) order by facet, count desc, value)
  from (
    select facet, value, count, row_number() over (partition by facet order by count desc, value) as place
    from (
      select case ${sql.join(
        FACETS.map((facet) => sql`when grouping(${sql.ref(facet)}) = 0 then ${sql.lit(facet)}`),
        sql` `,
      )} end as facet, coalesce(${sql.join(FACET_COLUMNS)}) as value, count(*)::int as count
      from (select ${sql.join(FACET_COLUMNS)} from found limit ${newest}) as newest
      group by grouping sets (${sql.join(FACET_COLUMNS.map((column) => sql`(${column})`))})) as counted
    where value is not null) as placed
  where place <= ${FACET_VALUES})`;

/** Rows that are enough to stop at the end of the walk. There are more, but counting them would take too long. */
const ENOUGH = 500;
/** The same for a shorter walk. */
const ENOUGH_OF_ROWS = 100;

/** @param walk rows that are walked through before the index of values is asked; the default is measured */
export function createFactSearch(db: Database, walk?: number): FactSearch {
  const rowsOf = async (tenant: string, actions: readonly string[], sort: FactSort): Promise<ActionFact[]> => {
    if (actions.length === 0) return [];
    const { column, direction } = orderOf(sort);
    return db
      .selectFrom('actionFact')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('action', 'in', actions)
      .orderBy(column, direction)
      .orderBy('firstIndex', direction)
      .execute();
  };
  const search = async (tenant: string, { filter, scope, sort, cursor, limit }: FactQuery): Promise<FactPage> => {
    const { column, direction } = orderOf(sort);
    if (column === 'askedAt') {
      const place = cursor === undefined ? undefined : placeOf(sort, cursor);
      const after = place === undefined ? undefined : { askedAt: String(place.value), index: place.index };
      const order = { descending: direction === 'desc', after };
      const matching = foundRows(tenant, filter, scope, order, { most: limit + 1, walk }, ['action']);
      const { rows } = await sql<{ action: string }>`with ${matching} select action from found`.execute(db);
      const actions = rows.map(({ action }) => action);
      return pageOf(await rowsOf(tenant, actions, sort), sort, limit);
    }
    let query = db.selectFrom('actionFact').where('tenant', '=', tenant);
    for (const condition of [...factConditions(filter, scope), ...pageConditions(sort, cursor)])
      query = query.where(condition);
    const rows = await query
      .selectAll()
      .orderBy(column, direction)
      .orderBy('firstIndex', direction)
      .limit(limit + 1)
      .execute();
    return pageOf(rows, sort, limit);
  };
  return {
    search,
    async look(tenant, { counted, facets, ...query }) {
      const { filter, scope, sort, cursor, limit } = query;
      const { column, direction } = orderOf(sort);
      const enough = Math.max(limit + 1, isCovered(filter) ? ENOUGH : ENOUGH_OF_ROWS);
      const limits = { most: counted + 1, enough, walk };
      const columns = ['action', column, ...(facets ? FACETS : [])] as const;
      const matching = foundRows(tenant, filter, scope, { descending: true }, limits, columns);
      // The newest rows are counted, so the first page is among them. Rare rows are counted all, so each page is.
      const isFirst = sort === '-askedAt' && cursor === undefined && limit < counted;
      const listed = isFirst
        ? sql`array(select action from found limit ${limit + 1})`
        : sql`case when (select whole and indexed from seen) then array(
            select action from found where ${sql.join(pageConditions(sort, cursor), sql` and `)}
            order by ${sql.ref(column)} ${sql.raw(direction)}, first_index ${sql.raw(direction)} limit ${limit + 1}) end`;
      const asked = sql<{ actions: string[] | null; count: number; whole: boolean; facets: FacetCount[] | null }>`
        with ${matching}
        select ${listed} as actions, count, whole, ${facets ? countsOf(counted) : sql`null`} as facets from seen`;
      const apart = isFirst || isWalked(filter, scope) ? null : search(tenant, query);
      const [rest, { rows }] = await Promise.all([apart, asked.execute(db)]);
      const { actions, count, whole, facets: counts } = rows[0] ?? { actions: [], count: 0, whole: true, facets: null };
      const listedPage = async (): Promise<FactPage> =>
        actions === null ? search(tenant, query) : pageOf(await rowsOf(tenant, actions, sort), sort, limit);
      return { ...(rest ?? (await listedPage())), count: Math.min(count, counted), exact: whole, facets: counts ?? [] };
    },
    async count(tenant, filter, scope, most) {
      const matching = foundRows(tenant, filter, scope, { descending: true }, { most, walk }, []);
      const { rows } = await sql<{ count: number }>`with ${matching} select count from seen`.execute(db);
      return rows[0]?.count ?? 0;
    },
  };
}
