/** The SQL of the read model's filters. */
import { sql, type RawBuilder } from 'kysely';
import type { FactFilter, FactScope } from './fact-filter.ts';

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

/** The expression of its index. */
const TEXT = sql`(coalesce(reason, '') || ' ' || coalesce(resource, '') || ' ' || coalesce(reference, '') || ' ' ||
  actor || ' ' || requester || ' ' || coalesce(approver, ''))`;

/** All of them have to hold. */
export function factConditions(filter: FactFilter, scope: FactScope): RawBuilder<boolean>[] {
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

/** Values that a row has or lacks. One index holds all of them. `basis` is the release's, else the verdict's. */
const VALUES = [
  'surface',
  'status',
  'decision',
  'basis',
  'mode',
  'policy',
  'rule',
  'approver',
  'via',
  'currency',
] as const;

/** The expression of their index. */
const VALUES_OF_ROW = sql`array_remove(array[
    tenant || ' surface ' || surface, tenant || ' status ' || status, tenant || ' decision ' || decision,
    tenant || ' basis ' || coalesce(release_basis, basis), tenant || ' mode ' || mode, tenant || ' policy ' || policy,
    tenant || ' rule ' || rule, tenant || ' approver ' || approver, tenant || ' via ' || via,
    tenant || ' currency ' || currency], null)`;

const VALUE_NAMES: readonly string[] = VALUES;
const COVERED_NAMES: readonly string[] = [
  ...VALUES,
  ...['actor', 'requester', 'folder', 'amountFrom', 'amountTo', 'from', 'to'],
];

/** Whether the walk's index covers the whole filter. */
export const isCovered = (filter: FactFilter): boolean =>
  Object.entries(filter).every(([name, value]) => value === undefined || COVERED_NAMES.includes(name));

/** The values that a filter asks for, in the form of the index. */
export const valuesOf = (tenant: string, filter: FactFilter): string[] =>
  VALUES.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [`${tenant} ${name} ${value}`];
  });

/** The conditions of a filter that the index of values does not cover. */
export const beyondValues = (filter: FactFilter): FactFilter =>
  Object.fromEntries(Object.entries(filter).filter(([name]) => !VALUE_NAMES.includes(name)));

/** The condition on the index of values alone. */
export const hasValues = (values: readonly string[]): RawBuilder<boolean> =>
  sql<boolean>`${VALUES_OF_ROW} @> ${values}::text[]`;
