/** Shows who reads what they approve: drills that were approved, and drills that were refused, by approver and surface. */
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
  /** The time of the drill at which they were flagged, RFC 3339; null where they were not. */
  flaggedAt: string | null;
}

/**
 * A cumulative sum of log-likelihood ratios (Page, 1954): a missed drill is evidence that somebody approves without
 * looking, a caught one is evidence against it, and the sum never falls below zero. Somebody is flagged once the sum outweighs chance.
 */
export const ATTENTION = {
  /** How often an attentive person misses a drill. */
  attentive: 0.1,
  /** How often somebody who approves everything misses one. */
  inattentive: 0.9,
  /** Odds at which somebody is flagged. */
  odds: 1000,
} as const;

/**
 * With {@link ATTENTION}, four missed drills in a row are needed. With one drill in seven decisions, somebody who approves everything has
 * missed four after 30 decisions. Somebody who misses one of fifty is flagged within 1,000 drills with a probability below 0.01 %.
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
