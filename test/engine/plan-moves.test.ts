/** Whose turn it is in a plan. Pure: from how the steps stand alone. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isOver, nextMoves, type StepStanding } from '../../src/engine/plans/moves.ts';

const STANDINGS = [
  'unjudged',
  'open',
  'ready',
  'released',
  'begun',
  'executed',
  'taken-out',
  'failed',
] as const satisfies StepStanding[];
const LETTERS: Record<string, StepStanding> = {
  u: 'unjudged',
  o: 'open',
  a: 'ready',
  r: 'released',
  b: 'begun',
  x: 'executed',
  t: 'taken-out',
  f: 'failed',
};
const of = (letters: string): StepStanding[] => [...letters].map((letter) => LETTERS[letter] ?? 'unjudged');

const sequence = { order: 'sequence', onFailure: 'withdraw' } as const;
const going = { order: 'sequence', onFailure: 'continue' } as const;
const any = { order: 'any', onFailure: 'withdraw' } as const;

describe('the next moves', () => {
  it.each([
    ['nothing before all are judged', sequence, 'aau', [], []],
    ['the first', sequence, 'aoa', [0], []],
    ['the next after one that was executed', sequence, 'xaa', [1], []],
    ['nothing while one is released', sequence, 'xra', [], []],
    ['nothing while one is begun', sequence, 'xba', [], []],
    ['nothing while people decide the next', sequence, 'xoa', [], []],
    ['past what a person took out', sequence, 'txta', [3], []],
    ['withdraws the rest of a broken plan', sequence, 'xforab', [], [2, 3, 4]],
    ['also before all are judged', sequence, 'fau', [], [1]],
    ['goes on without it where the plan says so', going, 'fxfa', [3], []],
    ['all at once in any order', any, 'aoa', [0, 2], []],
    ['withdraws in any order too', any, 'xfao', [], [2, 3]],
  ] as const)('%s', (_name, rules, letters, release, withdraw) => {
    expect(nextMoves(rules, of(letters))).toMatchObject({ release, withdraw });
  });

  const rules = fc.record({
    order: fc.constantFrom('sequence' as const, 'any' as const),
    onFailure: fc.constantFrom('withdraw' as const, 'continue' as const),
  });
  const steps = fc.array(fc.constantFrom(...STANDINGS), { minLength: 1, maxLength: 12 });

  it('releases only what is approved, in a sequence only after those before it, and of a broken plan nothing', () => {
    fc.assert(
      fc.property(rules, steps, (by, standings) => {
        const { release, withdraw } = nextMoves(by, standings);
        for (const index of release) expect(standings[index]).toBe('ready');
        for (const index of withdraw) expect(['open', 'ready', 'released']).toContain(standings[index]);
        if (release.length === 0) return;
        expect(standings).not.toContain('unjudged');
        if (by.onFailure === 'withdraw') expect(standings).not.toContain('failed');
        if (by.order === 'any') return;
        expect(release).toHaveLength(1);
        const passed = by.onFailure === 'withdraw' ? ['executed', 'taken-out'] : ['executed', 'taken-out', 'failed'];
        for (const before of standings.slice(0, release[0])) expect(passed).toContain(before);
      }),
    );
  });

  it('comes to an end, whatever becomes of each step', () => {
    const ends = fc.infiniteStream(fc.constantFrom<StepStanding>('executed', 'failed', 'taken-out'));
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 20 }), ends, (by, count, endings) => {
        const standings: StepStanding[] = Array.from({ length: count }, () => 'ready');
        for (let round = 0; !isOver(standings); round += 1) {
          expect(round).toBeLessThanOrEqual(count);
          const { release, withdraw } = nextMoves(by, standings);
          expect(release.length + withdraw.length).toBeGreaterThan(0);
          for (const index of withdraw) standings[index] = 'failed';
          for (const index of release) standings[index] = endings.next().value ?? 'executed';
        }
      }),
    );
  });
});
