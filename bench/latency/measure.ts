export interface Timing {
  p50: number;
  p95: number;
  p99: number;
  /** Per second, with 32 in flight. */
  throughput: number;
}

const IN_FLIGHT = 32;

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Times `run` one after another, then many at once. `run` gets a number that is never repeated. */
export async function measure(
  run: (n: number) => Promise<void>,
  counts: { warmUp: number; sequential: number; concurrent: number },
): Promise<Timing> {
  let n = 0;
  for (let i = 0; i < counts.warmUp; i += 1) await run((n += 1));
  const times: number[] = [];
  for (let i = 0; i < counts.sequential; i += 1) {
    const began = performance.now();
    await run((n += 1));
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  let left = counts.concurrent;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left > 0) {
        left -= 1;
        await run((n += 1));
      }
    }),
  );
  const throughput = counts.concurrent / ((performance.now() - began) / 1000);
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99), throughput };
}
