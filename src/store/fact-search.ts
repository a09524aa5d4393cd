/** Searches rows of the read model. Visibility is always one of the conditions, and pages follow a total order. */
import { sql } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';
import { factConditions, isCovered } from './fact-conditions.ts';
import { foundRows } from './fact-walk.ts';
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

/** The column of an order, and whether the greatest comes first. */
function orderOf(sort: FactSort): { column: 'askedAt' | 'amount' | 'waitMs'; descending: boolean } {
  const descending = sort.startsWith('-');
  return { column: (descending ? sort.slice(1) : sort) as 'askedAt' | 'amount' | 'waitMs', descending };
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

function pageOf(rows: readonly ActionFact[], sort: FactSort, limit: number): FactPage {
  const facts = rows.slice(0, limit);
  const last = facts.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { facts, nextCursor: more ? cursorOf(sort, last[orderOf(sort).column] ?? '', last.firstIndex) : null };
}

/** The values of each facet among the newest rows that were found. */
const countsOf = (newest: number) => sql`(
  select jsonb_agg(jsonb_build_object('facet', facet, 'value', value, 'count', count) order by facet, count desc, value)
  from (${sql.join(
    FACETS.map(
      (facet) => sql`(select ${sql.lit(facet)} as facet, ${sql.ref(facet)} as value, count(*)::int as count
        from (select * from found limit ${newest}) as newest where ${sql.ref(facet)} is not null group by 2 order by 3 desc, 2 limit 50)`,
    ),
    sql` union all `,
  )}) as counted)`;

/** Rows that are enough to stop at the end of the walk. There are more, but counting them would take too long. */
const ENOUGH = 500;
/** The same for a shorter walk. */
const ENOUGH_OF_ROWS = 100;

/** @param walk rows that are walked through before the index of values is asked; the default is measured */
export function createFactSearch(db: Database, walk?: number): FactSearch {
  /** Whole rows, in the order of their time. */
  const rowsOf = async (
    tenant: string,
    actions: readonly string[],
    { descending }: { descending: boolean },
  ): Promise<ActionFact[]> => {
    if (actions.length === 0) return [];
    const direction = descending ? 'desc' : 'asc';
    return db
      .selectFrom('actionFact')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('action', 'in', actions)
      .orderBy('askedAt', direction)
      .orderBy('firstIndex', direction)
      .execute();
  };
  const search = async (tenant: string, { filter, scope, sort, cursor, limit }: FactQuery): Promise<FactPage> => {
    const { column, descending } = orderOf(sort);
    const place = cursor === undefined ? undefined : placeOf(sort, cursor);
    if (column === 'askedAt') {
      const after = place === undefined ? undefined : { askedAt: String(place.value), index: place.index };
      const matching = foundRows(tenant, filter, scope, { descending, after }, { most: limit + 1, walk });
      const { rows } = await sql<{ action: string }>`with ${matching} select action from found`.execute(db);
      const actions = rows.map(({ action }) => action);
      return pageOf(await rowsOf(tenant, actions, { descending }), sort, limit);
    }
    const name = sql.ref(column);
    const [direction, before] = descending ? (['desc', sql`<`] as const) : (['asc', sql`>`] as const);
    let query = db.selectFrom('actionFact').where('tenant', '=', tenant);
    for (const condition of factConditions(filter, scope)) query = query.where(condition);
    query = query.where(sql<boolean>`${name} is not null`);
    if (place !== undefined)
      query = query.where(sql<boolean>`(${name}, first_index) ${before} (${place.value}, ${place.index})`);
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
      // The newest rows are counted, so the first page is among them.
      const isFirst = sort === '-askedAt' && cursor === undefined && limit < counted;
      const enough = Math.max(limit + 1, isCovered(filter) ? ENOUGH : ENOUGH_OF_ROWS);
      const matching = foundRows(tenant, filter, scope, { descending: true }, { most: counted + 1, enough, walk });
      const listed = isFirst ? sql`array(select action from found limit ${limit + 1})` : sql`array[]::text[]`;
      const asked = sql<{ actions: string[]; count: number; whole: boolean; facets: FacetCount[] | null }>`
        with ${matching}
        select ${listed} as actions, (select count(*)::int from found) as count,
          (select whole from seen) as whole, ${facets ? countsOf(counted) : sql`null`} as facets`;
      const [rest, { rows }] = await Promise.all([isFirst ? null : search(tenant, query), asked.execute(db)]);
      const { actions, count, whole, facets: counts } = rows[0] ?? { actions: [], count: 0, whole: true, facets: null };
      const page = rest ?? pageOf(await rowsOf(tenant, actions, { descending: true }), sort, limit);
      return { ...page, count: Math.min(count, counted), exact: whole, facets: counts ?? [] };
    },
    async count(tenant, filter, scope, most) {
      const matching = foundRows(tenant, filter, scope, { descending: true }, { most, walk });
      const { rows } = await sql<{ count: number }>`with ${matching} select count(*)::int as count from found`.execute(
        db,
      );
      return rows[0]?.count ?? 0;
    },
  };
}
