/** Finding rows of the read model: whatever filters are combined, visibility is one of the conditions, and a page has its place. */
import { sql, type SelectQueryBuilder } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';
import type { FactFilter, FactScope } from './fact-filter.ts';
import { factConditions, isOfValues, type ValueFilter } from './fact-conditions.ts';
import { findRows } from './fact-walk.ts';
import type { ActionFact } from './action-fact.ts';

export const FACT_SORTS = ['askedAt', '-askedAt', 'amount', '-amount', 'waitMs', '-waitMs'] as const;
export type FactSort = (typeof FACT_SORTS)[number];

/** By these it is counted how many there are of each value. */
export const FACETS = [
  'surface',
  'status',
  'decision',
  'basis',
  'releaseBasis',
  'mode',
  'policy',
  'approver',
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

export interface FactSearch {
  /** One page. @throws CountersignError `invalid-request` for a cursor that was not made for this order */
  search(
    tenant: string,
    query: { filter: FactFilter; scope: FactScope; sort: FactSort; cursor: string | undefined; limit: number },
  ): Promise<{ facts: ActionFact[]; nextCursor: string | null }>;
  /** How many fit, `most` at most. */
  count(tenant: string, filter: FactFilter, scope: FactScope, most: number): Promise<number>;
  /** Values of each facet among the newest `most` that fit, the most frequent first, 50 of each. */
  facets(tenant: string, filter: FactFilter, scope: FactScope, most: number): Promise<FacetCount[]>;
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

function pageOf(
  rows: readonly ActionFact[],
  sort: FactSort,
  limit: number,
): { facts: ActionFact[]; nextCursor: string | null } {
  const facts = rows.slice(0, limit);
  const last = facts.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { facts, nextCursor: more ? cursorOf(sort, last[orderOf(sort).column] ?? '', last.firstIndex) : null };
}

type Query<O> = SelectQueryBuilder<Tables, 'actionFact', O>;

/** @param walk rows that are walked through before the index of values is asked; the default is measured */
export function createFactSearch(db: Database, walk?: number): FactSearch {
  const matching = (tenant: string, filter: FactFilter, scope: FactScope): Query<object> => {
    let query: Query<object> = db.selectFrom('actionFact').where('tenant', '=', tenant);
    for (const condition of factConditions(filter, scope)) query = query.where(condition);
    return query;
  };
  /** A page of them, and one more where there are more. */
  const ofValues = async (
    tenant: string,
    filter: ValueFilter,
    descending: boolean,
    sort: FactSort,
    cursor: string | undefined,
    limit: number,
  ): Promise<ActionFact[]> => {
    const place = cursor === undefined ? undefined : placeOf(sort, cursor);
    const after = place === undefined ? undefined : { askedAt: String(place.value), index: place.index };
    const query = await findRows(db, tenant, filter, { descending, after }, { most: limit + 1, walk });
    const { rows } = await sql<{ action: string }>`select action ${query.from} limit ${limit + 1}`.execute(db);
    if (rows.length === 0) return [];
    const direction = descending ? 'desc' : 'asc';
    return db
      .selectFrom('actionFact')
      .selectAll()
      .where('tenant', '=', tenant)
      .where(
        'action',
        'in',
        rows.map(({ action }) => action),
      )
      .orderBy('askedAt', direction)
      .orderBy('firstIndex', direction)
      .execute();
  };
  const countOfValues = async (tenant: string, filter: ValueFilter, most: number): Promise<number> => {
    const { count, from } = await findRows(db, tenant, filter, { descending: true }, { most, walk });
    if (count !== null) return Math.min(count, most);
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from (select 1 ${from} limit ${most}) as found`.execute(db);
    return rows[0]?.count ?? 0;
  };
  return {
    async search(tenant, { filter, scope, sort, cursor, limit }) {
      const { column, descending } = orderOf(sort);
      if (column === 'askedAt' && scope === 'all' && isOfValues(filter))
        return pageOf(await ofValues(tenant, filter, descending, sort, cursor, limit), sort, limit);
      const name = sql.ref(column);
      const [direction, before] = descending ? (['desc', sql`<`] as const) : (['asc', sql`>`] as const);
      let query = matching(tenant, filter, scope).where(sql<boolean>`${name} is not null`);
      if (cursor !== undefined) {
        const { value, index } = placeOf(sort, cursor);
        query = query.where(sql<boolean>`(${name}, first_index) ${before} (${value}, ${index})`);
      }
      const rows = await query
        .selectAll()
        .orderBy(column, direction)
        .orderBy('firstIndex', direction)
        .limit(limit + 1)
        .execute();
      return pageOf(rows, sort, limit);
    },
    async count(tenant, filter, scope, most) {
      if (scope === 'all' && isOfValues(filter)) return countOfValues(tenant, filter, most);
      const matches = matching(tenant, filter, scope)
        .select(sql<number>`1`.as('one'))
        .limit(most);
      const { count } = await db
        .selectFrom(matches.as('found'))
        .select(sql<number>`count(*)::int`.as('count'))
        .executeTakeFirstOrThrow();
      return count;
    },
    async facets(tenant, filter, scope, most) {
      const newest =
        scope === 'all' && isOfValues(filter)
          ? sql`select ${sql.join(FACETS.map((facet) => sql.ref(facet)))}
              ${(await findRows(db, tenant, filter, { descending: true }, { most, walk })).from} limit ${most}`
          : matching(tenant, filter, scope)
              .select([...FACETS])
              .orderBy('askedAt', 'desc')
              .orderBy('firstIndex', 'desc')
              .limit(most);
      const each = FACETS.map(
        (facet) =>
          sql`(select ${facet}::text as facet, ${sql.ref(facet)} as value, count(*)::int as count from newest
            where ${sql.ref(facet)} is not null group by 2 order by 3 desc, 2 limit 50)`,
      );
      const { rows } = await sql<FacetCount>`
        with newest as materialized (${newest}) ${sql.join(each, sql` union all `)}`.execute(db);
      return rows;
    },
  };
}
