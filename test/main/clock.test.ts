import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClock, type ProcessClock } from '../../src/main/clock.ts';

const START = Date.parse('2026-06-01T00:00:00.000Z');

/** A machine, its database, and what passes; `leap` sets a clock. */
function world(): {
  clock: ProcessClock;
  warned: number[];
  pass(ms: number): void;
  leap(of: 'machine' | 'database', ms: number): void;
  /** Whether the database answers, and how long that takes there and back. */
  database: { answers: boolean; takesMs: number };
  /** Looks, and waits for what the look asked. */
  seen(): Promise<number>;
} {
  let passed = 0;
  const off = { machine: 0, database: 0 };
  const database = { answers: true, takesMs: 0 };
  const warned: number[] = [];
  const clock = createClock({
    theirs() {
      if (!database.answers) return Promise.reject(new Error('away'));
      passed += database.takesMs / 2;
      const said = START + passed + off.database;
      passed += database.takesMs / 2;
      return Promise.resolve(said);
    },
    log: { warn: (about: { aheadMs: number }) => void warned.push(about.aheadMs) },
    wall: () => START + passed + off.machine,
    steady: () => 777.25 + passed,
  });
  return {
    ...{ clock, warned, database },
    pass: (ms) => void (passed += ms),
    leap: (of, ms) => void (off[of] += ms),
    async seen() {
      clock.now();
      await new Promise((resolve) => setImmediate(resolve));
      return clock.now().getTime() - START - passed;
    },
  };
}

describe('the clock of a process', () => {
  it.each([90_000, -90_000, 86_400_000, -86_400_000, 2001, -2001])(
    'a leap of the machine’s by %i ms moves nothing',
    async (ms) => {
      const { clock, leap, pass, seen, warned } = world();
      pass(5000);
      leap('machine', ms);
      // Not at the first look either, before anybody was asked.
      expect(clock.now().getTime()).toBe(START + 5000);
      expect(await seen()).toBe(0);
      pass(60_000);
      expect(await seen()).toBe(0);
      expect(warned).toEqual([ms]);
      leap('machine', -ms);
      pass(60_000);
      expect(await seen()).toBe(0);
    },
  );

  it('follows what is put right little by little', async () => {
    const { leap, pass, seen, warned } = world();
    for (let step = 1; step <= 10; step += 1) {
      pass(3000);
      leap('machine', 500);
      expect(await seen()).toBe(500 * step);
    }
    expect(warned).toEqual([]);
  });

  it('a machine that slept is right at once where PostgreSQL says so too', async () => {
    const { leap, seen, warned } = world();
    leap('machine', 3_600_000);
    leap('database', 3_600_000);
    expect(await seen()).toBe(3_600_000);
    expect(warned).toEqual([]);
  });

  it('goes on as it went while PostgreSQL does not answer', async () => {
    const { database, leap, pass, seen } = world();
    database.answers = false;
    leap('machine', -90_000);
    expect(await seen()).toBe(0);
    pass(30_000);
    expect(await seen()).toBe(0);
    database.answers = true;
    pass(30_000);
    expect(await seen()).toBe(0);
  });

  it('a process that begins on a wrong clock begins with PostgreSQL’s', async () => {
    const { clock, leap, seen, pass, warned } = world();
    leap('machine', 90_000);
    // As if begun then: the machine's clock was believed.
    leap('database', -10);
    await clock.compare();
    pass(1);
    expect(await seen()).toBe(-10);
    expect(warned).toEqual([90_010]);
  });

  it('an answer that took long is not held against the machine', async () => {
    const { clock, database, seen, warned } = world();
    database.takesMs = 20_000;
    await clock.compare();
    expect(await seen()).toBe(0);
    expect(warned).toEqual([]);
  });

  it('never leaves both clocks by more than a leap, whatever leaps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -200_000, max: 200_000 }), fc.integer({ min: 1000, max: 90_000 })), {
          maxLength: 12,
        }),
        async (leaps) => {
          const { leap, pass, seen } = world();
          let off = 0;
          for (const [by, ms] of leaps) {
            leap('machine', by);
            off += by;
            pass(ms);
            const at = await seen();
            expect(Math.min(Math.abs(at), Math.abs(at - off))).toBeLessThanOrEqual(2000);
            // What PostgreSQL says, within a leap: the machine's clock is only followed there.
            expect(Math.abs(at)).toBeLessThanOrEqual(Math.max(2000, 2000 * leaps.length));
          }
        },
      ),
    );
  });
});
