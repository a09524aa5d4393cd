/** Who reads what they approve: planted requests that were approved, and those that were refused, by approver and surface. */
import { compareText } from '../canonical/index.ts';

/** A drill that somebody decided. */
export interface DrillResult {
  person: string;
  surface: string;
  /** `missed`: they approved it. */
  end: 'missed' | 'caught';
  /** RFC 3339. */
  at: string;
}

export interface Detection {
  person: string;
  surface: string;
  caught: number;
  missed: number;
}

export interface Attention {
  person: string;
  caught: number;
  missed: number;
  /** The drill with which they were flagged, RFC 3339; null where they were not. */
  flaggedAt: string | null;
}

/**
 * A cumulative sum of log-likelihood ratios (Page, 1954): each drill that was missed speaks for somebody who approves without looking, each
 * that was caught against it, and what speaks against it is not saved up. Somebody is flagged once what speaks for it outweighs chance.
 */
export const ATTENTION = {
  /** How often an attentive person misses a drill. */
  attentive: 0.1,
  /** How often somebody who approves everything does. */
  inattentive: 0.9,
  /** Odds at which somebody is flagged. */
  odds: 1000,
} as const;

/**
 * With {@link ATTENTION} four drills missed in a row are needed: of 30 decisions with one drill in seven, one who approves all has missed
 * four. Who misses one of fifty is flagged within 1,000 drills with a probability below one in ten thousand.
 */
export function attentionOf(results: readonly DrillResult[], parameters: typeof ATTENTION = ATTENTION): Attention[] {
  const { attentive, inattentive, odds } = parameters;
  const step = { missed: Math.log(inattentive / attentive), caught: Math.log((1 - inattentive) / (1 - attentive)) };
  const people = new Map<string, Attention & { sum: number }>();
  for (const { person, end, at } of [...results].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    const known = people.get(person) ?? { person, caught: 0, missed: 0, flaggedAt: null, sum: 0 };
    people.set(person, known);
    known[end] += 1;
    known.sum = Math.max(0, known.sum + step[end]);
    if (known.sum >= Math.log(odds)) known.flaggedAt ??= at;
  }
  return [...people.values()]
    .map(({ sum: _sum, ...attention }) => attention)
    .sort((a, b) => compareText(a.person, b.person));
}

/** How many drills each person met on each surface. */
export function detectionOf(results: readonly DrillResult[]): Detection[] {
  const groups = new Map<string, Detection>();
  for (const { person, surface, end } of results) {
    const key = JSON.stringify([person, surface]);
    const group = groups.get(key) ?? { person, surface, caught: 0, missed: 0 };
    groups.set(key, group);
    group[end] += 1;
  }
  return [...groups.values()].sort((a, b) => compareText(a.person, b.person) || compareText(a.surface, b.surface));
}
