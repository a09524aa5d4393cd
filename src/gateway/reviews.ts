/** Reviews of break-glass releases (open, overdue or done), and the report of all of them. */
import { CountersignError } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import type { Review } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { periodOf } from './period.ts';
import type { BreakGlassReport, BrokenGlassItem, ReviewView } from './types.ts';

/** Emergencies in one report. */
const ITEMS_MAX = 1000;

/** A review that nobody closed in time counts as overdue even before its overdue record is sealed. */
function itemOf(row: Review, now: number): BrokenGlassItem {
  const { action, dueAt, openedAt, by, view } = row;
  const status = row.status === 'open' && Date.parse(dueAt) <= now ? 'overdue' : row.status;
  return {
    action,
    status,
    at: openedAt,
    dueAt,
    by,
    surface: view.surface,
    verb: view.verb,
    actor: view.actor,
    policy: view.policy ?? null,
    rule: view.rule ?? null,
    what: view.what ?? view.verb,
    reason: view.reason ?? null,
    reviewers: view.reviewers,
    result: view.result,
    late: view.result === null ? status === 'overdue' : Date.parse(view.result.at) > Date.parse(dueAt),
  };
}

/** Reviews, the first due first. Auditors see all of them, others those that they have to make. */
export async function listReviews(
  deps: Pick<GatewayDeps, 'store' | 'now'>,
  caller: Caller,
  status: string | undefined,
): Promise<ReviewView[]> {
  if (caller.kind !== 'person' && !mayAudit(caller))
    throw new CountersignError('forbidden', 'this key is not for all of the tenant');
  const now = deps.now().getTime();
  return (await deps.store.reviews.list(caller.tenant))
    .map((row) => itemOf(row, now))
    .filter((item) => status === undefined || item.status === status)
    .filter(({ reviewers }) => mayAudit(caller) || reviewers.includes(caller.id))
    .map(({ action, status: is, at, dueAt, by, surface, actor, reason, reviewers, result }) => ({
      action,
      status: is,
      at,
      dueAt,
      by,
      surface,
      actor,
      reason,
      reviewers,
      result,
    }));
}

/** @throws CountersignError `forbidden`, `invalid-request` for what is no time. */
export async function breakGlassReport(
  deps: Pick<GatewayDeps, 'store' | 'now'>,
  caller: Caller,
  from: string | undefined,
  to: string | undefined,
): Promise<BreakGlassReport> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner reads this report');
  const now = deps.now().getTime();
  const time = periodOf(deps, { from, to });
  const rows = await deps.store.reviews.opened(caller.tenant, time.from, time.to, ITEMS_MAX + 1);
  const items = rows.slice(0, ITEMS_MAX).map((row) => itemOf(row, now));
  const count = (test: (item: BrokenGlassItem) => boolean): number => items.filter(test).length;
  const times = new Map<string, number>();
  for (const { by, actor } of items) times.set(by ?? actor, (times.get(by ?? actor) ?? 0) + 1);
  return {
    ...time,
    cut: rows.length > ITEMS_MAX,
    total: items.length,
    open: count(({ status }) => status === 'open'),
    overdue: count(({ status }) => status === 'overdue'),
    right: count(({ result }) => result?.right === true),
    wrong: count(({ result }) => result?.right === false),
    people: [...times].map(([by, often]) => ({ by, times: often })).sort((a, b) => b.times - a.times),
    items,
  };
}
