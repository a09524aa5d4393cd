/**
 * The sealing queue of one log on paper: writers that take turns at the head, each taking along what came while it waited. A simulation by
 * events, the same at every run. `npm run bench queue`
 */
import { seededRandom } from '../../test/support/random.ts';

/** Milliseconds. A turn is two round trips and a flush; an entry is what it adds to its commit. Measured by `npm run bench evidence`. */
export interface Costs {
  turn: number;
  entry: number;
}

export interface Simulated {
  /** Of the time, in which somebody has the head. */
  busy: number;
  entriesPerTurn: number;
  /** From a record that is ready to one on disk, in milliseconds. */
  p50: number;
  p99: number;
}

const BATCH_MAX = 512;

/** @param perSecond entries of the log; they come at random, to a writer at random */
export function simulate(
  { perSecond, writers, entries }: { perSecond: number; writers: number; entries: number },
  costs: Costs,
  seed: number,
): Simulated {
  const random = seededRandom(seed);
  const uniform = (): number => (random(1 << 30) + 1) / (1 << 30);
  const waiting: number[][] = Array.from({ length: writers }, () => []);
  /** Writers in the order in which they came to the head's lock. */
  const queue: number[] = [];
  const latencies: number[] = [];
  let [arrival, free, busy, turns, arrived] = [0, 0, 0, 0, 0];
  while (latencies.length < entries) {
    // Whoever comes before the head is free waits for it.
    while (arrived < entries && (arrival <= free || queue.length === 0)) {
      const writer = random(writers);
      const line = waiting[writer];
      if (line?.length === 0) queue.push(writer);
      line?.push(arrival);
      if (queue.length === 1) free = Math.max(free, arrival);
      arrived += 1;
      arrival += (-Math.log(uniform()) * 1000) / perSecond;
    }
    const writer = queue.shift();
    const line = waiting[writer ?? 0];
    if (writer === undefined || line === undefined) break;
    const batch = line.splice(0, BATCH_MAX);
    const cost = costs.turn + batch.length * costs.entry;
    free += cost;
    busy += cost;
    turns += 1;
    for (const came of batch) latencies.push(free - came);
    if (line.length > 0) queue.push(writer);
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { busy: busy / free, entriesPerTurn: latencies.length / turns, p50: at(0.5), p99: at(0.99) };
}

const COSTS: Costs = { turn: 1.2, entry: 0.06 };

export function queue(): Promise<boolean> {
  console.log('entries/s  writers  busy  entries a turn  p50 ms  p99 ms');
  for (const perSecond of [30, 300, 1000, 4000, 8000, 12_000]) {
    for (const writers of [1, 4, 16]) {
      const { busy, entriesPerTurn, p50, p99 } = simulate({ perSecond, writers, entries: 40_000 }, COSTS, 1);
      const cells = [
        perSecond,
        writers,
        `${(100 * busy).toFixed(0)} %`,
        entriesPerTurn.toFixed(1),
        p50.toFixed(1),
        p99.toFixed(1),
      ];
      const widths = [9, 7, 5, 14, 6, 6];
      console.log(cells.map((cell, n) => String(cell).padStart(widths[n] ?? 0)).join('  '));
    }
  }
  return Promise.resolve(true);
}
