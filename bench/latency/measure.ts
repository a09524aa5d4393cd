export interface Timing {
  p50: number;
  p95: number;
  p99: number;
  /** Per second, with 32 in flight. */
  throughput: number;
}

export interface Contender {
  name: string;
  /** Does it once; gets a number that is never repeated. */
  run(n: number): Promise<void>;
}

export interface Counts {
  warmUp: number;
  /** One after another, of each contender. */
  sequential: number;
  /** 32 in flight, of each contender. */
  concurrent: number;
  /** Parts in which each contender runs, in turns, so that a slow moment of the machine is a slow moment of all. */
  rounds: number;
}

const IN_FLIGHT = 32;
/** Lets what a part left for later be done before another one is measured. */
const REST_MS = 400;

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, REST_MS));

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Times all of them in turns: one after another, then many at once. In the order of `contenders`. */
export async function measure(contenders: readonly Contender[], counts: Counts): Promise<Timing[]> {
  const found = contenders.map(({ run }) => ({ run, n: 0, times: [] as number[], concurrentMs: 0 }));
  for (const one of found) for (let i = 0; i < counts.warmUp; i += 1) await one.run((one.n += 1));
  for (let round = 0; round < counts.rounds; round += 1) {
    for (const one of found) {
      await rest();
      for (let i = 0; i < counts.sequential / counts.rounds; i += 1) {
        const began = performance.now();
        await one.run((one.n += 1));
        one.times.push(performance.now() - began);
      }
    }
  }
  for (let round = 0; round < counts.rounds; round += 1) {
    for (const one of found) {
      await rest();
      let left = counts.concurrent / counts.rounds;
      const began = performance.now();
      const asker = async (): Promise<void> => {
        for (; left > 0;) {
          left -= 1;
          await one.run((one.n += 1));
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, asker));
      one.concurrentMs += performance.now() - began;
    }
  }
  return found.map(({ times, concurrentMs }) => {
    const sorted = times.toSorted((a, b) => a - b);
    return {
      p50: percentile(sorted, 0.5),
      p95: percentile(sorted, 0.95),
      p99: percentile(sorted, 0.99),
      throughput: counts.concurrent / (concurrentMs / 1000),
    };
  });
}
