import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatches, type LockWaiter } from '../../src/store/limit-batches.ts';

const one = (action: string, ...locks: string[]): LockWaiter => ({ tenant: 'acme', action, locks: [action, ...locks] });

/** Batches that end when they are told to. */
function byHand() {
  const running: { batch: readonly LockWaiter[]; end(): void }[] = [];
  const take = createBatches<LockWaiter>(
    (batch) =>
      new Promise((resolve) => {
        const run = {
          batch,
          end() {
            running.splice(running.indexOf(run), 1);
            resolve();
          },
        };
        running.push(run);
      }),
  );
  const names = () => running.map(({ batch }) => batch.map(({ action }) => action).join(' '));
  /** Ends the oldest batch, and lets what waited for it begin. */
  const end = async () => {
    running[0]?.end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { running, take, names, end };
}

describe('batches', () => {
  it.each<[string, LockWaiter[], string[][]]>([
    [
      'what waits for a lock of the first goes together',
      [one('a', 'x'), one('b', 'x'), one('c', 'x')],
      [['a'], ['b c']],
    ],
    ['what has no lock in common goes side by side', [one('a', 'x'), one('b', 'y')], [['a', 'b'], ['b']]],
    [
      'nobody waits for a lock of somebody else’s',
      [one('a', 'x'), one('b', 'x'), one('c', 'y'), one('d', 'x', 'y'), one('e', 'z')],
      [['a', 'c', 'e'], ['c', 'e', 'b'], ['e', 'b'], ['b'], ['d']],
    ],
    [
      'a batch is about one tenant',
      [one('a', 'x'), { ...one('b', 'x'), tenant: 'other' }, one('c', 'x')],
      [['a'], ['b'], ['c']],
    ],
    ['an action has one place in a batch', [one('a', 'x'), one('b', 'x'), one('b', 'x')], [['a'], ['b'], ['b']]],
  ])('%s', async (_, asking, steps) => {
    const { take, names, end } = byHand();
    for (const each of asking) take(each);
    for (const step of steps) {
      expect(names()).toEqual(step);
      await end();
    }
    expect(names()).toEqual([]);
  });

  it('are bounded', async () => {
    const { running, take, end } = byHand();
    for (let n = 0; n < 200; n += 1) take(one(`a${n}`, 'x'));
    const sizes: number[] = [];
    for (let run = running[0]; run !== undefined; run = running[0]) {
      sizes.push(run.batch.length);
      await end();
    }
    expect(sizes).toEqual([1, 64, 64, 64, 7]);
  });

  it('take each one once, and never the same lock twice at a time', async () => {
    const asking = fc.array(
      fc.record({
        action: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        locks: fc.uniqueArray(fc.constantFrom('v', 'w', 'x', 'y', 'z'), { minLength: 1 }),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(asking, fc.infiniteStream(fc.nat()), async (all, which) => {
        const { running, take } = byHand();
        const taken: LockWaiter[] = [];
        const look = (): void => {
          const held = running.map(({ batch }) => new Set(batch.flatMap(({ locks }) => locks)));
          const together = held.reduce((sum, { size }) => sum + size, 0);
          expect(new Set(held.flatMap((locks) => [...locks])).size).toBe(together);
        };
        for (const { action, locks } of all) take(one(action, ...locks));
        while (running.length > 0) {
          look();
          const run = running[Number(which.next().value) % running.length];
          taken.push(...(run?.batch ?? []));
          run?.end();
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(taken).toHaveLength(all.length);
      }),
      { numRuns: 100 },
    );
  });
});
