import { processorMs } from './processor.ts';
import { percentile } from '../percentile.ts';

export interface Timing {
  p50: number;
  p95: number;
  p99: number;
  /** Per second, with 32 in flight. */
  throughput: number;
  /** Of all processes for one, in milliseconds, one after another and many at once together. */
  processorMs: number;
}

export interface Contender {
  name: string;
  /** Does it once; gets a number that is never repeated. */
  run(n: number): Promise<void>;
  /** One after another only, where many at once are not to be compared. */
  alone?: boolean;
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

/** Times all of them in turns: one after another, then many at once. In the order of `contenders`. */
export async function measure(contenders: readonly Contender[], counts: Counts): Promise<Timing[]> {
  const found = contenders.map((one) => ({
    ...one,
    n: 0,
    times: [] as number[],
    concurrentMs: 0,
    processor: 0,
    done: 0,
  }));
  for (const one of found) for (let i = 0; i < counts.warmUp; i += 1) await one.run((one.n += 1));
  for (let round = 0; round < counts.rounds; round += 1) {
    for (const one of found) {
      await rest();
      const before = processorMs();
      for (let i = 0; i < counts.sequential / counts.rounds; i += 1) {
        const began = performance.now();
        await one.run((one.n += 1));
        one.times.push(performance.now() - began);
      }
      one.processor += processorMs() - before;
      one.done += counts.sequential / counts.rounds;
    }
  }
  for (let round = 0; round < counts.rounds; round += 1) {
    for (const one of found.filter(({ alone }) => alone !== true)) {
      await rest();
      const before = processorMs();
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
      one.processor += processorMs() - before;
      one.done += counts.concurrent / counts.rounds;
    }
  }
  return found.map(({ times, concurrentMs, processor, done }) => ({
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p99: percentile(times, 0.99),
    throughput: concurrentMs === 0 ? Number.NaN : counts.concurrent / (concurrentMs / 1000),
    processorMs: processor / done,
  }));
}
