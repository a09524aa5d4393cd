/** Keeps the findings of the finance tests up to date with the read model: a quarter is computed again after its actions changed. */
import {
  findingsOfQuarter,
  quarterNamed,
  type AuditContext,
  type PlacedFinding,
  type Quarter,
} from '../audit/index.ts';
import { amountBounds } from '../policy/amount-bounds.ts';
import type { CompiledBundle } from '../policy/index.ts';
import { NO_CALENDAR, workCalendarOf, type WorkCalendar } from '../policy/work-calendar.ts';
import { answerOf, type ActionFact, type FindingPeriod, type Store } from '../store/index.ts';

/** Actions of a quarter and the one before it that the tests look at. */
const ACTIONS_MAX = 200_000;
const PAGE = 1000;

export interface FindingWatch {
  /**
   * Computes outdated quarters, the newest first.
   *
   * @param most actions of a quarter; one that has more is left for later
   */
  refresh(tenant: string, most?: number): Promise<void>;
  /** Ids of findings that do not follow from the rows, are missing, or have another answer than the sealed one. */
  differences(tenant: string): Promise<string[]>;
}

interface WatchDeps {
  store: Pick<Store, 'facts' | 'findings' | 'records'>;
  /** A bundle to be read; null where there is none. */
  compiled(tenant: string, hash: string): Promise<CompiledBundle | null>;
}

export function createFindingWatch(deps: WatchDeps): FindingWatch {
  const { facts, findings } = deps.store;
  return {
    async refresh(tenant, most = Infinity) {
      const behind = (await findings.periods(tenant)).filter(({ grown, computed }) => computed < grown);
      for (const { period, grown } of behind.reverse()) {
        const quarter = quarterNamed(period);
        if (most < ACTIONS_MAX) {
          const { before: from, to } = quarter;
          if ((await facts.count(tenant, { from, to }, 'all', most + 1)) > most) continue;
        }
        const { findings: computed, actions, cut, now } = await compute(deps, tenant, quarter);
        const state = { period, computed: grown, computedAt: now, actions, cut };
        await findings.replace(tenant, state, computed);
      }
    },
    async differences(tenant) {
      const wrong = new Set<string>();
      for (const state of await findings.periods(tenant)) {
        if (state.computed < state.grown) continue;
        for (const id of await differing(deps, tenant, state)) wrong.add(id);
      }
      for (const id of await differingAnswers(deps, tenant)) wrong.add(id);
      return [...wrong].sort();
    },
  };
}

async function differing(deps: WatchDeps, tenant: string, state: FindingPeriod): Promise<string[]> {
  const { findings } = await compute(deps, tenant, quarterNamed(state.period), state.computedAt);
  const expected = new Map(findings.map((one) => [one.id, JSON.stringify(sorted(one))]));
  const wrong: string[] = [];
  for (const row of await deps.store.findings.of(tenant, state.period)) {
    if (expected.get(row.id) !== JSON.stringify(sorted(row))) wrong.push(row.id);
    expected.delete(row.id);
  }
  return [...wrong, ...expected.keys()];
}

/** Compares people's answers in the rows with the sealed records. */
async function differingAnswers({ store }: WatchDeps, tenant: string): Promise<string[]> {
  const { size } = await store.facts.projected(tenant);
  const said = new Map((await store.findings.answers(tenant)).map((one) => [one.index, one]));
  const wrong: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.records.list(tenant, { type: 'finding' }, cursor, PAGE);
    for (const { index, record } of page.records) {
      if (index >= size || record.type !== 'finding') continue;
      const expected = answerOf(index, record);
      const row = said.get(index);
      said.delete(index);
      if (row === undefined || JSON.stringify(sorted(row)) !== JSON.stringify(sorted(expected)))
        wrong.push(expected.finding);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return [...wrong, ...[...said.values()].map(({ finding }) => finding)];
}

/** Members of a row in one order. */
const sorted = (row: object): object => Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));

async function compute(
  deps: WatchDeps,
  tenant: string,
  quarter: Quarter,
  at: string | null = null,
): Promise<{ findings: PlacedFinding[]; actions: number; cut: boolean; now: string }> {
  const { actions, cut } = await actionsOf(deps, tenant, quarter);
  // The time of the newest record serves as the clock, so the same records always give the same findings.
  const now = at ?? latest(actions) ?? quarter.from;
  const context: AuditContext = {
    tiers: await tiersOf(deps, tenant, actions),
    ...(await calendarOf(deps, tenant, actions)),
    now,
  };
  const asked = actions.filter(({ askedAt }) => askedAt >= quarter.from).length;
  return { findings: findingsOfQuarter(actions, quarter, context), actions: asked, cut, now };
}

const latest = (actions: readonly ActionFact[]): string | null =>
  actions.reduce<string | null>((newest, { askedAt, endedAt, reviewedAt, decidedAt }) => {
    for (const at of [askedAt, decidedAt, endedAt, reviewedAt]) if (at !== null && (newest ?? '') < at) newest = at;
    return newest;
  }, null);

async function actionsOf(
  { store }: WatchDeps,
  tenant: string,
  { before, to }: Quarter,
): Promise<{ actions: ActionFact[]; cut: boolean }> {
  const actions: ActionFact[] = [];
  let cursor: string | undefined;
  do {
    // The newest first, so that the oldest of the previous quarter are left out.
    const page = {
      filter: { from: before, to },
      scope: 'all' as const,
      sort: '-askedAt' as const,
      cursor,
      limit: PAGE,
    };
    const { facts, nextCursor } = await store.facts.search(tenant, page);
    actions.push(...facts);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined && actions.length < ACTIONS_MAX);
  return { actions: actions.reverse(), cut: cursor !== undefined };
}

/** People's working hours, by the bundle that judged the newest action. */
async function calendarOf(
  { compiled }: WatchDeps,
  tenant: string,
  actions: readonly ActionFact[],
): Promise<WorkCalendar> {
  const hash = actions.findLast(({ bundle }) => bundle !== null)?.bundle ?? null;
  const bundle = hash === null ? null : await compiled(tenant, hash);
  return bundle === null ? NO_CALENDAR : workCalendarOf(bundle);
}

/** The bounds of each surface, by the bundle that judged its newest action. */
async function tiersOf(
  { compiled }: WatchDeps,
  tenant: string,
  actions: readonly ActionFact[],
): Promise<Map<string, readonly string[]>> {
  const newest = new Map<string, string>();
  for (const { surface, bundle } of actions) if (bundle !== null) newest.set(surface, bundle);
  const tiers = new Map<string, readonly string[]>();
  for (const [surface, hash] of newest) {
    const bundle = await compiled(tenant, hash);
    tiers.set(surface, bundle === null ? [] : amountBounds(bundle, surface));
  }
  return tiers;
}
