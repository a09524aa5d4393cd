/** Figures of many actions: medians and distributions. Pure. */

/** The median; for an even count the lower of the two, which really occurred. Null for an empty list. */
export function middleOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

export interface Bin {
  label: string;
  count: number;
}

const BOUNDS = [
  ['under 10 s', 10],
  ['under 1 min', 60],
  ['under 10 min', 600],
  ['under 1 h', 3600],
  ['under 4 h', 14_400],
  ['under 1 day', 86_400],
  ['longer', Infinity],
] as const;

/** How long people took, in bins whose bounds mean something to people. */
export function waitsOf(seconds: readonly number[]): Bin[] {
  const bins = BOUNDS.map(([label]): Bin => ({ label, count: 0 }));
  for (const one of seconds) {
    const bin = bins[BOUNDS.findIndex(([, bound]) => one < bound)];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}

/** The period just before, of the same length in days, for comparison. */
export function periodBefore({ from, to }: { from: string; to: string }): { from: string; to: string } {
  const day = 86_400_000;
  const [start, end] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`)];
  const iso = (at: number): string => new Date(at).toISOString().slice(0, 10);
  return { from: iso(start - (end - start) - day), to: iso(start - day) };
}

/** `+12`, `−3`, `as many`: compared with the period before. */
export function differenceWords(now: number, before: number): string {
  const by = now - before;
  if (by === 0) return 'as many as before';
  return by > 0 ? `${by} more than before` : `${-by} fewer than before`;
}
