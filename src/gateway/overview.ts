/** `GET /v1/reports/overview`: what happened in a period and in the one before it, summed up from rows by day. */
import { figuresOf } from '../audit/index.ts';
import type { Overview } from '../contract/views/index.ts';
import { CountersignError } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import { WAIT_BOUNDS_MS, type ReportDays, type WaitFigures } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { OverviewQuery } from './finding-types.ts';
import { findings } from './findings.ts';
import { periodOf } from './period.ts';

const DAY_MS = 86_400_000;
/** Waiting actions that are counted. */
const WAITING = 10_000;

/** Figures are of whole days in UTC. @throws CountersignError `forbidden`, `invalid-request` */
export async function overview(
  deps: GatewayDeps,
  caller: Caller,
  { surface, ...asked }: OverviewQuery,
): Promise<Overview> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner reads this report');
  const { tenant } = caller;
  const time = periodOf(deps, asked);
  const from = Math.floor(Date.parse(time.from) / DAY_MS) * DAY_MS;
  const to = Math.ceil(Date.parse(time.to) / DAY_MS) * DAY_MS;
  const now = rangeOf(from, to, surface);
  const { tests, asOf } = await findings(deps, caller, now);
  const [present, past, waiting] = await Promise.all([
    figures(deps, tenant, now),
    figures(deps, tenant, rangeOf(from - (to - from), from, surface)),
    deps.store.facts.count(tenant, { surface, status: 'supervised' }, 'all', WAITING),
  ]);
  return {
    now: present,
    before: past,
    findings: tests
      .filter((test) => test.findings > 0)
      .map((test) => ({ test: test.name, findings: test.findings, unanswered: test.unanswered })),
    waiting,
    asOf,
  };
}

const rangeOf = (from: number, to: number, surface: string | undefined): ReportDays => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  surface,
});

async function figures({ store }: GatewayDeps, tenant: string, range: ReportDays): Promise<Overview['now']> {
  const [groups, days, waits] = await Promise.all([
    store.days.groups(tenant, range),
    store.days.days(tenant, range),
    store.days.waits(tenant, range),
  ]);
  const took = new Map(waits.map((one) => [one.approver, waitsOf(one)]));
  const { approvers, ...all } = figuresOf(groups);
  return {
    from: range.from,
    to: range.to,
    ...all,
    approvers: approvers.map((one) => ({ ...one, waits: took.get(one.approver) ?? null })),
    waits: took.get('') ?? null,
    days,
  };
}

function waitsOf({ n, median, p90, longest, buckets }: WaitFigures): Overview['now']['waits'] {
  if (n === 0) return null;
  return {
    n,
    median,
    p90,
    longest,
    buckets: buckets.map((count, at) => ({ upTo: WAIT_BOUNDS_MS[at] ?? null, count })),
  };
}
