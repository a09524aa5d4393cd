/** Compares the entries of an entry bundle with the hashes that they should have. */
import { toHex } from '../canonical/index.ts';

export type Difference =
  | { kind: 'altered'; index: number; at: number }
  /** All from `index` to `to`. */
  | { kind: 'missing'; index: number; to: number }
  | { kind: 'extra'; at: number }
  /** The entry that belongs at `from` is at `index`. */
  | { kind: 'moved'; index: number; from: number };

/**
 * Compares leaf hashes as found with those that should be there; places count from 0. Equal entries at both ends are matched first. Between
 * them, if the counts agree, each differing place is altered or moved; otherwise entries in only one list are missing or extra.
 */
export function differencesOf(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): Difference[] {
  const have = actual.map(toHex);
  const want = expected.map(toHex);
  let start = 0;
  while (start < have.length && start < want.length && have[start] === want[start]) start += 1;
  let tail = 0;
  const shorter = Math.min(have.length, want.length) - start;
  while (tail < shorter && have[have.length - 1 - tail] === want[want.length - 1 - tail]) tail += 1;
  const ends = { have: have.length - tail, want: want.length - tail };

  if (have.length === want.length) {
    const places = new Map(want.slice(start, ends.want).map((hash, i) => [hash, start + i]));
    return have.slice(start, ends.have).flatMap((hash, i): Difference[] => {
      const index = start + i;
      if (hash === want[index]) return [];
      const from = places.get(hash);
      return [from === undefined ? { kind: 'altered', index, at: index } : { kind: 'moved', index, from }];
    });
  }
  const wanted = new Set(want.slice(start, ends.want));
  const there = new Set(have.slice(start, ends.have));
  const missing: Extract<Difference, { kind: 'missing' }>[] = [];
  for (let index = start; index < ends.want; index++) {
    if (there.has(want[index] as string)) continue;
    const last = missing.at(-1);
    if (last?.to === index - 1) last.to = index;
    else missing.push({ kind: 'missing', index, to: index });
  }
  const seen = new Set<string>();
  const extra = have.slice(start, ends.have).flatMap((hash, i): Difference[] => {
    const repeated = seen.has(hash);
    seen.add(hash);
    return wanted.has(hash) && !repeated ? [] : [{ kind: 'extra', at: start + i }];
  });
  // Equal neighbours cannot be told apart: one is extra or missing, no matter which.
  if (missing.length + extra.length === 0) {
    return have.length > want.length ? [{ kind: 'extra', at: start }] : [{ kind: 'missing', index: start, to: start }];
  }
  return [...missing, ...extra];
}
