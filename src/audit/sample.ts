/** Samples that nobody could choose, and that anybody can draw again. */
import { compareDecimals, compareText, concatBytes, parseDecimal, sha256Hex, utf8 } from '../canonical/index.ts';

/** One of a population. */
export interface Member {
  id: string;
  /** Members of different strata are drawn apart. */
  stratum: string;
  /** An exact decimal; null where there is none, or it is not disclosed. */
  amount: string | null;
}

export interface SampleOptions {
  /** How many are drawn of each stratum. */
  size: number;
  /** What nobody could choose: the log's root, then the auditor's own word. */
  seed: string;
  /** Members above it are all taken, and not drawn from. */
  allAbove?: string | undefined;
}

export interface Drawn {
  id: string;
  stratum: string;
  /** Why it is in: by lot, or because everything above the bound is. */
  by: 'lot' | 'bound';
  /** `SHA-256(seed ‖ 0x00 ‖ id)`, hexadecimal: the smallest are drawn. */
  lot: string;
}

/** The lot of a member. */
export const lotOf = (seed: string, id: string): string =>
  sha256Hex(concatBytes(utf8(seed), Uint8Array.of(0), utf8(id)));

/** Draws the members with the smallest lots of each stratum. @returns by stratum, in the order of the lots */
export function sample(population: readonly Member[], { size, seed, allAbove }: SampleOptions): Drawn[] {
  const bound = allAbove === undefined ? null : parseDecimal(allAbove, Infinity);
  const strata = new Map<string, Drawn[]>();
  const drawn: Drawn[] = [];
  for (const { id, stratum, amount } of population) {
    const lot = lotOf(seed, id);
    if (bound !== null && amount !== null && compareDecimals(parseDecimal(amount, Infinity), bound) > 0) {
      drawn.push({ id, stratum, by: 'bound', lot });
      continue;
    }
    const members = strata.get(stratum) ?? [];
    strata.set(stratum, members);
    members.push({ id, stratum, by: 'lot', lot });
  }
  for (const members of strata.values()) drawn.push(...members.sort(byLot).slice(0, size));
  return drawn.sort((a, b) => compareText(a.stratum, b.stratum) || byLot(a, b));
}

const byLot = (a: Drawn, b: Drawn): number => compareText(a.lot, b.lot) || compareText(a.id, b.id);
