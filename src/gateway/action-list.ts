/** `GET /v1/actions`: lists actions from the read model. Callers get only those that they may see. */
import { parseDecimal } from '../canonical/index.ts';
import { CountersignError, readBounds } from '../contract/index.ts';
import type {
  ActionFacets,
  ActionList,
  ActionSummary,
  ProjectionCheck,
  ProjectionRebuilt,
  RowComparison,
} from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import type { ActionFact, FacetCount, FactFilter, FactScope } from '../store/index.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { ActionListQuery } from './action-list-types.ts';

/** Most actions that are counted, and looked at for facets. */
const COUNTED = 10_000;
/** Pages of the log that a request reads first, so that callers see their own earlier actions. */
const PAGES = 4;
/** Fewest characters of a search text. Shorter texts would match too much. */
const TEXT_MIN = 3;

/** One page. @throws CountersignError `invalid-request` for a filter or cursor that makes no sense */
export async function listActions(
  deps: GatewayDeps,
  caller: Caller,
  { sort = '-askedAt', facets = false, ...asked }: ActionListQuery,
  cursor: string | undefined,
  limit: number,
): Promise<ActionList> {
  const { tenant } = caller;
  const { filter, between } = checkedFilter(asked);
  const asOf = await deps.readModel.catchUp(tenant, PAGES);
  const scope = scopeOf(caller);
  const look = await deps.store.facts.look(tenant, { filter, scope, sort, cursor, limit, counted: COUNTED, facets });
  return {
    ...between,
    actions: look.facts.map(actionSummaryOf),
    count: { atLeast: look.count, exact: look.exact },
    ...(facets ? { facets: facetsOf(look.facets) } : {}),
    asOf,
    next_cursor: look.nextCursor,
  };
}

/** How many there are of each value. @throws CountersignError `invalid-request` */
export async function actionFacets(deps: GatewayDeps, caller: Caller, asked: FactFilter): Promise<ActionFacets> {
  const { tenant } = caller;
  const { filter, between } = checkedFilter(asked);
  const asOf = await deps.readModel.catchUp(tenant, PAGES);
  const scope = scopeOf(caller);
  const look = {
    filter,
    scope,
    sort: '-askedAt',
    cursor: undefined,
    limit: 0,
    counted: COUNTED,
    facets: true,
  } as const;
  const { facets, count, exact } = await deps.store.facts.look(tenant, look);
  return { ...between, facets: facetsOf(facets), count: { atLeast: count, exact }, asOf };
}

function facetsOf(counts: readonly FacetCount[]): ActionFacets['facets'] {
  const facets: ActionFacets['facets'] = {};
  for (const { facet, value, count } of counts) (facets[facet] ??= []).push({ value, count });
  return facets;
}

/** Compares rows with records. @throws CountersignError `forbidden` */
export async function checkProjection(deps: GatewayDeps, caller: Caller, from: number): Promise<ProjectionCheck> {
  if (!mayAudit(caller))
    throw new CountersignError('forbidden', 'only an auditor or an owner compares rows with records');
  const comparison = await deps.readModel.check(caller.tenant, from);
  if (comparison.next !== null) return { ...comparison, findings: [], days: [] };
  const findings = await deps.findingWatch.differences(caller.tenant);
  return { ...comparison, findings, days: await deps.store.days.wrongDays(caller.tenant) };
}

/** Compares the rows of a page with their records. The readers of a row learn which of its columns are not what was sealed. */
export const compareRows = (deps: GatewayDeps, caller: Caller, actions: readonly string[]): Promise<RowComparison> =>
  deps.readModel.compare(caller.tenant, actions, scopeOf(caller));

/** Makes the rows again. @throws CountersignError `forbidden` */
export async function rebuildProjection(deps: GatewayDeps, caller: Caller): Promise<ProjectionRebuilt> {
  if (!isOwner(caller)) throw new CountersignError('forbidden', 'only an owner has the rows made again');
  const { size, logSize } = await deps.readModel.rebuild(caller.tenant);
  return { size, logSize, done: size >= logSize };
}

/** @throws CountersignError `invalid-request` */
export function checkedFilter(asked: FactFilter): { filter: FactFilter; between: { from?: string; to?: string } } {
  const between = readBounds(asked);
  for (const name of ['amountFrom', 'amountTo'] as const) checkAmount(name, asked[name]);
  if (asked.q !== undefined && [...asked.q].length < TEXT_MIN) {
    throw wrong('q', `\`q\` has at least ${TEXT_MIN} characters; look for a longer part of the word`);
  }
  return { filter: { ...asked, ...between }, between };
}

function checkAmount(name: string, value: string | undefined): void {
  if (value === undefined) return;
  try {
    parseDecimal(value);
  } catch {
    throw wrong(name, `\`${name}\` is an exact decimal such as 250 or 1499.50`);
  }
}

const wrong = (name: string, detail: string): CountersignError =>
  new CountersignError('invalid-request', detail, { errors: [{ pointer: `/${name}`, detail }] });

/** What this caller may see, as `visibleTo` says it of one action. */
function scopeOf(caller: Caller): FactScope {
  if (mayAudit(caller)) return 'all';
  const { id, kind, surfaces, actors } = caller;
  if (kind === 'person') return { requester: id, involved: id, speaksFor: null };
  return {
    requester: id,
    involved: null,
    speaksFor: { surfaces: patternOf(surfaces), actors: actors.includes('*') ? null : actors },
  };
}

/** Globs of surfaces as one regular expression: `*` is one level, `**` any number of them. */
export function patternOf(globs: readonly string[]): string {
  const level = (part: string): string => {
    if (part === '**') return '(\\.[^.]+)*';
    return part === '*' ? '\\.[^.]+' : `\\.${part.replaceAll(/[^A-Za-z0-9_-]/g, '\\$&')}`;
  };
  const each = globs.map((glob) => glob.split('.').map(level).join(''));
  return `^(${each.join('|')})$`;
}

/** A row as it is answered. */
export function actionSummaryOf(fact: ActionFact): ActionSummary {
  const { tenant: _tenant, involved: _involved, awaited: _awaited, returned: _returned, ...listed } = fact;
  const { actorType: _type, action, verb, ...rest } = listed;
  const { amount, amountApproved, amountReleased, amountExecuted, amountUndisclosed, ...same } = rest;
  return {
    ...same,
    id: action,
    action: verb,
    amounts: { asked: amount, approved: amountApproved, released: amountReleased, executed: amountExecuted },
    undisclosed: amountUndisclosed,
  };
}
