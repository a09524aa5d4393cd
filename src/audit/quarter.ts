/** Findings of one quarter: each is computed once its actions are known, and computing it again gives the same result. */
import { canonicalize, sha256Hex, utf8 } from '../canonical/index.ts';
import type { AuditContext, AuditedAction, AuditFinding } from './types.ts';
import { AUDIT_TESTS } from './tests.ts';

/** A calendar quarter in UTC: `from` is included, `to` is not. */
export interface Quarter {
  /** `2026-Q4` */
  name: string;
  from: string;
  to: string;
  /** Start of the previous quarter: compared actions may lie so far apart. */
  before: string;
}

/** A finding that can be named, and found again. */
export interface PlacedFinding extends AuditFinding {
  /** `fnd_…`, a hash of its content: with other actions or figures it is another finding. */
  id: string;
  period: string;
  surfaces: string[];
  firstAt: string;
  lastAt: string;
}

const MONTHS = 3;

const quarterFrom = (year: number, quarter: number): string =>
  new Date(Date.UTC(year, quarter * MONTHS, 1)).toISOString();

/** The quarter of an instant. @param at RFC 3339 */
export function quarterOf(at: string): Quarter {
  const time = new Date(at);
  const [year, quarter] = [time.getUTCFullYear(), Math.floor(time.getUTCMonth() / MONTHS)];
  return {
    name: `${year}-Q${quarter + 1}`,
    from: quarterFrom(year, quarter),
    to: quarterFrom(year, quarter + 1),
    before: quarterFrom(year, quarter - 1),
  };
}

/** The quarter of that name. */
export function quarterNamed(name: string): Quarter {
  const [, year = '1970', quarter = '1'] = /^(\d{4})-Q([1-4])$/.exec(name) ?? [];
  return quarterOf(quarterFrom(Number(year), Number(quarter) - 1));
}

/** The content that identifies a finding. The state of a review is not part of it, because it changes with time. */
function idOf({ test, version, actions, figures }: AuditFinding, period: string): string {
  const { review: _review, ...lasting } = figures;
  const about = { test, version, actions, figures: lasting, ...(actions.length === 0 ? { period } : {}) };
  return `fnd_${sha256Hex(utf8(canonicalize(about))).slice(0, 32)}`;
}

/**
 * What the tests find in a quarter. Tests that compare actions far apart look at the previous quarter too. A finding belongs to the quarter of its
 * last action.
 *
 * @param actions of both quarters, in the order in which they were asked for
 */
export function findingsOfQuarter(
  actions: readonly AuditedAction[],
  quarter: Quarter,
  context: AuditContext,
): PlacedFinding[] {
  const asked = actions.filter(({ askedAt }) => askedAt >= quarter.from && askedAt < quarter.to);
  const byId = new Map(actions.map((one) => [one.action, one]));
  const placed = new Map<string, PlacedFinding>();
  for (const test of AUDIT_TESTS) {
    for (const finding of test.run(test.across ? actions : asked, context)) {
      const about = finding.actions.flatMap((id) => byId.get(id) ?? []);
      const times = about.map(({ askedAt }) => askedAt).sort();
      const [firstAt = quarter.from, lastAt = asked.at(-1)?.askedAt ?? quarter.from] = [times[0], times.at(-1)];
      if (lastAt < quarter.from) continue;
      const { surface } = finding.figures;
      const surfaces = new Set(about.map((one) => one.surface));
      if (typeof surface === 'string') surfaces.add(surface);
      const id = idOf(finding, quarter.name);
      placed.set(id, { ...finding, id, period: quarter.name, surfaces: [...surfaces].sort(), firstAt, lastAt });
    }
  }
  return [...placed.values()];
}
