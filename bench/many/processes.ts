/** How throughput grows with processes: `npm run bench processes [SECONDS]`. The same callers ask of one API with one worker, of two with two, and of one again. */
import { startMany, inLanes } from './stack.ts';
import { keepRun } from './runs.ts';

const LANES = 32;
/** Longer than a workflow rests before its first task. */
const WARM_S = 40;

/** Approvals a second of so many APIs and workers. */
async function perSecond(each: number, seconds: number): Promise<number> {
  const stack = await startMany({ withinS: 3600, apis: each, workers: each });
  const ask = async (forSeconds: number): Promise<number> => {
    const until = performance.now() + forSeconds * 1000;
    let answered = 0;
    await inLanes(LANES, LANES, async () => {
      while (performance.now() < until) {
        await stack.asked(42.5);
        answered += 1;
      }
    });
    return answered / forSeconds;
  };
  try {
    await ask(WARM_S);
    return await ask(seconds);
  } finally {
    await stack.stop();
  }
}

export async function processes(seconds = 30): Promise<boolean> {
  const before = await perSecond(1, seconds);
  const two = await perSecond(2, seconds);
  // On both sides, for the machine may have got busier.
  const after = await perSecond(1, seconds);
  const one = (before + after) / 2;
  keepRun('processes', [
    [
      `approvals a second, ${LANES} in flight, one API and one worker`,
      `${before.toFixed(1)}, and later ${after.toFixed(1)}`,
    ],
    ['two APIs and two workers', two.toFixed(1)],
    ['two and two / one and one', `${(two / one).toFixed(2)} (at least 1)`],
  ]);
  return two >= one;
}
