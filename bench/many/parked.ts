/**
 * What a worker holds in memory and how it decides with many actions open: `npm run bench parked [PARKED] [RELEASED]`. Each figure is
 * compared with the same of the same processes before.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { percentile } from '../percentile.ts';
import { caughtUp, startMany, inLanes, residentMiB, untilReady } from './stack.ts';
import { keepRun } from './runs.ts';

const DECIDED = 60;
const LANES = 32;
const READY_MS = 15_000;
const SLOWER = 1.5;
/** PostgreSQL counts what a connection read when that has been idle for a moment. */
const COUNTED_MS = 2000;

export async function parked(count = 1000, released = count / 10): Promise<boolean> {
  const stack = await startMany({ withinS: 24 * 3600 });
  try {
    const [worker] = stack.workers;
    if (worker === undefined) throw new Error('there is no worker');
    const ids: string[] = [];
    /** Milliseconds. One that a busy machine did not answer is said again, and takes that much longer. */
    const decide = async (id: string): Promise<number> => {
      const began = performance.now();
      for (;;) {
        const { status } = await stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, true);
        // It counted though its answer did not come.
        if (status === 200 || status === 409) return performance.now() - began;
        if (status !== 503) throw new Error(`a decision was answered ${status}`);
      }
    };
    /** The median of so many decisions, one after another, taken evenly from all that are parked. */
    const decided = async (): Promise<number> => {
      const step = Math.max(1, Math.floor(ids.length / DECIDED));
      const chosen = ids.filter((_, n) => n % step === 0).slice(0, DECIDED);
      const times: number[] = [];
      for (const id of chosen) {
        times.push(await decide(id));
        ids.splice(ids.indexOf(id), 1);
      }
      return percentile(times, 0.5);
    };
    const park = async (many: number): Promise<void> => {
      await inLanes(LANES, many, async () => void ids.push(await stack.asked(500)));
      await caughtUp(worker);
    };
    /** Rows of all tables that all processes have read. */
    const rowsRead = async (): Promise<number> => {
      await sleep(COUNTED_MS);
      const client = new pg.Client({ connectionString: stack.cluster.config.databaseUrl });
      await client.connect();
      const { rows } = await client.query<{ rows: string }>(
        'select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as rows from pg_stat_user_tables',
      );
      await client.end();
      return Number(rows[0]?.rows);
    };
    /** Until it is ready, and what is read from the database meanwhile. */
    const restart = async (): Promise<{ readyMs: number; rows: number }> => {
      await worker.end('SIGTERM');
      const read = await rowsRead();
      const began = performance.now();
      await worker.start();
      await untilReady([worker]);
      const readyMs = performance.now() - began;
      return { readyMs, rows: (await rowsRead()) - read };
    };
    // Once to warm up, and once to compare with.
    await park(2 * DECIDED);
    await decided();
    const fresh = await restart();
    const before = await decided();
    const empty = await residentMiB(worker);
    await inLanes(LANES, released, async () => void (await stack.asked(42.5)));
    const withReleased = await residentMiB(worker);
    const quarters: number[] = [];
    for (let quarter = 0; quarter < 4; quarter += 1) {
      await park(Math.ceil(count / 4));
      quarters.push(await residentMiB(worker));
    }
    const after = await decided();
    const loaded = await restart();
    const restarted = await decided();
    const [half = Number.NaN, full = Number.NaN] = [quarters[1], quarters[3]];
    keepRun('parked', [
      ['actions parked, and released before them', `${count}, ${released}`],
      ['worker’s memory with the released ones / before', (withReleased / empty).toFixed(2)],
      ['with all parked / before', (full / empty).toFixed(2)],
      ['with all parked / with half of them', (full / half).toFixed(2)],
      ['with all parked', `${full.toFixed(0)} MiB`],
      ['p50 of a decision / before', `${(after / before).toFixed(2)} (at most ${SLOWER})`],
      ['worker restarted: ready after', `${(loaded.readyMs / 1000).toFixed(1)} s (at most 15)`],
      ['the same / with few parked', (loaded.readyMs / fresh.readyMs).toFixed(2)],
      ['rows read while it started, and with few parked', `${loaded.rows}, ${fresh.rows}`],
      ['p50 of a decision after the restart / before', (restarted / before).toFixed(2)],
    ]);
    return after / before <= SLOWER && loaded.readyMs <= READY_MS;
  } finally {
    await stack.stop();
  }
}
