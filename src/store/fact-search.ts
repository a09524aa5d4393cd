/** Finding rows of the read model: whatever filters are combined, visibility is one of the conditions, and a page has its place. */
import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';
import type { ActionFact } from './action-fact.ts';

/** Search criteria for actions; all of them must match. */
export interface FactFilter {
  surface?: string | undefined;
  actor?: string | undefined;
  requester?: string | undefined;
  approver?: string | undefined;
  status?: string | undefined;
  decision?: string | undefined;
  /** On what it was released; where it was not, of its verdict. */
  basis?: string | undefined;
  mode?: string | undefined;
  policy?: string | undefined;
  rule?: string | undefined;
  /** This one, and all below it. */
  folder?: string | undefined;
  via?: string | undefined;
  currency?: string | undefined;
  /** Exact decimals, both included, of the amount asked for. */
  amountFrom?: string | undefined;
  amountTo?: string | undefined;
  /** RFC 3339, of the request: included. */
  from?: string | undefined;
  /** RFC 3339, not included. */
  to?: string | undefined;
  /** Text of reason, resource, people or reference, in any case; of an id, its beginning. */
  q?: string | undefined;
}

/** Whose actions are looked at: all, or those that a key or a person has to do with. */
export type FactScope =
  | 'all'
  | {
      /** Who asked, as rows of `action` say. */
      requester: string;
      /** Somebody on the actor's side, or asked to decide. */
      involved: string | null;
      /** What a key may speak for: surfaces as a regular expression over `.` and their name, and actors; null for any. */
      speaksFor: { surfaces: string; actors: string[] | null } | null;
    };

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

type Query<O> = SelectQueryBuilder<Tables, 'actionFact', O>;

const EXACT = [
  'surface',
  'actor',
  'requester',
  'approver',
  'status',
  'decision',
  'mode',
  'policy',
  'rule',
  'via',
  'currency',
] as const;

/** `%` and `_` stand for themselves. */
const escaped = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&');

/** As its index has it. */
const TEXT = sql`(coalesce(reason, '') || ' ' || coalesce(resource, '') || ' ' || coalesce(reference, '') || ' ' ||
  actor || ' ' || requester || ' ' || coalesce(approver, ''))`;

function conditionsOf(filter: FactFilter, scope: FactScope): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = [];
  for (const name of EXACT) {
    const value = filter[name];
    if (value !== undefined) conditions.push(sql<boolean>`${sql.ref(name)} = ${value}`);
  }
  const { basis, folder, amountFrom, amountTo, from, to, q } = filter;
  if (basis !== undefined)
    conditions.push(sql<boolean>`(release_basis = ${basis} or release_basis is null and basis = ${basis})`);
  if (folder !== undefined) {
    const below = `${escaped(folder.replace(/\/$/, ''))}/%`;
    conditions.push(sql<boolean>`(folder = ${folder} or folder like ${below})`);
  }
  if (amountFrom !== undefined) conditions.push(sql<boolean>`amount >= ${amountFrom}::numeric`);
  if (amountTo !== undefined) conditions.push(sql<boolean>`amount <= ${amountTo}::numeric`);
  if (from !== undefined) conditions.push(sql<boolean>`asked_at >= ${from}`);
  if (to !== undefined) conditions.push(sql<boolean>`asked_at < ${to}`);
  if (q !== undefined) {
    const text = `%${escaped(q)}%`;
    conditions.push(
      /^act_/.test(q) ? sql<boolean>`action like ${`${escaped(q)}%`}` : sql<boolean>`${TEXT} ilike ${text}`,
    );
  }
  if (scope !== 'all') conditions.push(within(scope));
  return conditions;
}

function within({ requester, involved, speaksFor }: Exclude<FactScope, 'all'>): RawBuilder<boolean> {
  const ways = [
    sql`exists (select 1 from action a
      where a.tenant = action_fact.tenant and a.id = action_fact.action and a.requester = ${requester})`,
  ];
  if (involved !== null) ways.push(sql`involved @> array[${involved}]`);
  if (speaksFor !== null) {
    const actors = speaksFor.actors === null ? sql`true` : sql`actor = any(${speaksFor.actors})`;
    ways.push(sql`(${actors} and '.' || surface ~ ${speaksFor.surfaces})`);
  }
  return sql<boolean>`(${sql.join(ways, sql` or `)})`;
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

export function createFactSearch(db: Database): FactSearch {
  const matching = (tenant: string, filter: FactFilter, scope: FactScope): Query<object> => {
    let query: Query<object> = db.selectFrom('actionFact').where('tenant', '=', tenant);
    for (const condition of conditionsOf(filter, scope)) query = query.where(condition);
    return query;
  };
  return {
    async search(tenant, { filter, scope, sort, cursor, limit }) {
      const { column, descending } = orderOf(sort);
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
      const facts = rows.slice(0, limit);
      const last = facts.at(-1);
      const more = rows.length > limit && last !== undefined;
      return { facts, nextCursor: more ? cursorOf(sort, last[column] ?? '', last.firstIndex) : null };
    },
    async count(tenant, filter, scope, most) {
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
      const newest = matching(tenant, filter, scope)
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
