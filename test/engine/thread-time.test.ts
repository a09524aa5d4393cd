import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { kernelThread, threadTime } from '../../src/engine/thread-time.ts';
import { eventually } from '../support/eventually.ts';

/** Says which thread it is, waits for a word, and then computes until it is stopped. */
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self'));
  Atomics.wait(new Int32Array(workerData), 0, 0);
  for (;;);
`;

describe('the time of a thread', () => {
  it('stands while it waits, and runs while it computes', async () => {
    const word = new SharedArrayBuffer(4);
    const worker = new Worker(THREAD, { eval: true, workerData: word });
    try {
      const [thread] = (await once(worker, 'message')) as [string];
      let before = threadTime(thread) ?? 0;
      // Once it waits, two looks with a pause between them are the same.
      const waiting = await eventually('it stands', () => {
        const [last, now] = [before, threadTime(thread) ?? 0];
        before = now;
        return last === now ? now : undefined;
      });
      expect(waiting).toBeGreaterThan(0);
      new Int32Array(word)[0] = 1;
      Atomics.notify(new Int32Array(word), 0);
      await eventually('it runs', () => ((threadTime(thread) ?? 0) > waiting + 50 ? true : undefined));
    } finally {
      await worker.terminate();
    }
  });

  it('is that of the thread that asks, and is not known of one that is no more', () => {
    expect(kernelThread()).toBe(readlinkSync('/proc/thread-self'));
    expect(threadTime(kernelThread())).toBeGreaterThan(0);
    expect([threadTime(null), threadTime(`${process.pid}/task/0`)]).toEqual([null, null]);
  });
});
