/** How the actions of an export ended, by surface. */
import { MoneyTotals, type Money } from './money.ts';
import { surfaceOf, type Story } from './story.ts';

export interface Tally {
  actions: number;
  rule: number;
  override: number;
  break_glass: number;
  observe: number;
  grant: number;
  refusedByPolicy: number;
  refusedByPeople: number;
  lapsed: number;
  waiting: number;
  executed: number;
  failed: number;
  unreported: number;
}

export interface Summary {
  records: number;
  /** RFC 3339 of the first and last record; null where there is none. */
  from: string | null;
  to: string | null;
  surfaces: Map<string, Tally>;
  /** Actions on surfaces beyond {@link SURFACES_MAX}. */
  rest: Tally;
  total: Tally;
  /** By currency. */
  money: MoneyTotals;
}

/** How many surfaces are listed separately, so that made-up names cannot fill a page. */
export const SURFACES_MAX = 200;

const none = (): Tally => ({
  actions: 0,
  rule: 0,
  override: 0,
  break_glass: 0,
  observe: 0,
  grant: 0,
  refusedByPolicy: 0,
  refusedByPeople: 0,
  lapsed: 0,
  waiting: 0,
  executed: 0,
  failed: 0,
  unreported: 0,
});

export const emptySummary = (): Summary => ({
  records: 0,
  from: null,
  to: null,
  surfaces: new Map(),
  rest: none(),
  total: none(),
  money: new MoneyTotals(),
});

/** Counts a story in. */
export function countStory(summary: Summary, story: Story, money: Money | null = null): void {
  // A drill is never released, so it counts nowhere.
  if (story.others.some(({ type }) => type === 'drill')) return;
  summary.money.add(money);
  const surface = surfaceOf(story);
  let counts = summary.surfaces.get(surface);
  if (counts === undefined && summary.surfaces.size < SURFACES_MAX) {
    counts = none();
    summary.surfaces.set(surface, counts);
  }
  for (const tally of [counts ?? summary.rest, summary.total]) {
    tally.actions += 1;
    for (const name of columnsOf(story)) tally[name] += 1;
  }
}

function columnsOf({ ending, release }: Story): (keyof Tally)[] {
  const basis = release === null ? [] : [release.basis];
  switch (ending) {
    case 'executed':
    case 'failed':
    case 'unreported':
      return [...basis, ending];
    case 'refused by policy':
      return ['refusedByPolicy'];
    case 'refused by a person':
      return ['refusedByPeople'];
    case 'expired':
    case 'withdrawn':
      return ['lapsed'];
    case 'waiting':
      return ['waiting'];
    case 'released':
    case 'lapsed':
    case 'skipped':
      return basis;
  }
}
