/**
 * Workers that start on a backlog: `npm run bench backlog [COUNT]`. COUNT actions are released while two workers run, all workers are killed,
 * and everything comes due without any. Then both start at the same moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startMany, inLanes, untilReady } from './stack.ts';
import { keepRun } from './runs.ts';

/** The slowest that is reckoned with, asked and redeemed a second: nothing is to come due while workers still run. */
const SLOW = 6;
const READY_MS = 15_000;
const SETTLED = ['lapsed', 'unreported'];

export async function backlog(count = 300): Promise<boolean> {
  const withinS = Math.max(30, Math.ceil(count / SLOW));
  const stack = await startMany({ withinS, workers: 2 });
  try {
    const ids: string[] = [];
    await inLanes(16, count, async (n) => {
      const id = await stack.asked(42.5);
      ids.push(id);
      // One of four is redeemed and never reported, the others are not collected.
      if (n % 4 !== 0) return;
      const { body } = await stack.call('GET', `/v1/actions/${id}`);
      await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    });
    const last = Date.now();
    const { store } = stack.cluster.parts;
    const open = async (): Promise<number> => {
      const statuses = await Promise.all(
        chunks(ids, 500).map(async (some) => (await store.actions.some('default', some)).map(({ status }) => status)),
      );
      return statuses.flat().filter((status) => !SETTLED.includes(status)).length;
    };
    await Promise.all(stack.workers.map((worker) => worker.end('SIGKILL')));
    const due = await open();
    console.log(`${due} of ${count} are open, and no worker is left; all are due in ${withinS} s`);
    await sleep(Math.max(0, last + withinS * 1000 + 2000 - Date.now()));
    const began = performance.now();
    await Promise.all(stack.workers.map((worker) => worker.start()));
    const startMs = performance.now() - began;
    const readyMs = await untilReady(stack.workers);
    const atReady = await open();
    for (let left = await open(); left > 0; left = await open()) {
      if (performance.now() - began > 1_200_000) throw new Error(`${left} are not settled after twenty minutes`);
      await sleep(500);
    }
    const settledMs = performance.now() - began;
    // One that ended would not answer any more.
    const alive = await untilReady(stack.workers);
    const held = startMs + readyMs <= READY_MS && Number.isFinite(alive);
    keepRun('backlog', [
      ['actions that came due without any worker', String(due)],
      ['workers that ended by themselves', '0'],
      ['both ready after', `${((startMs + readyMs) / 1000).toFixed(1)} s (at most 15)`],
      ['of the backlog open then', `${((100 * atReady) / due).toFixed(0)} %`],
      ['all settled after', `${(settledMs / 1000).toFixed(0)} s`],
    ]);
    return held;
  } finally {
    await stack.stop();
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}
