import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDecimals, compareDecimals, formatDecimal, parseDecimal, type Decimal } from '../../src/canonical/index.ts';
import { commitmentsBy } from '../../src/keys/commitments.ts';
import { LimitShares, shareSeals, type LimitShare } from '../../src/register/limit-shares.ts';
import { NewestRecords } from '../../src/register/newest-records.ts';

const WINDOW = 240_000;
const NOW = 10 * WINDOW;
const share = (at: number, amount: string, more: Partial<LimitShare> = {}): LimitShare => ({
  ...{ slot: 'a', amount, at, until: at + WINDOW },
  ...more,
});
const sumOf = (shares: readonly LimitShare[]): Decimal =>
  shares.reduce((sum, { amount }) => addDecimals(sum, parseDecimal(amount, Infinity)), parseDecimal('0'));

describe('what records say that a limit holds', () => {
  const step = fc.record({
    at: fc.integer({ min: NOW - 2 * WINDOW, max: NOW }),
    amount: fc.constantFrom('1', '0.1', '250', '12.345'),
    returns: fc.boolean(),
    saves: fc.boolean(),
  });

  it('is never more than what is held, and less by the edges of the window only', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: WINDOW }), (steps, ago) => {
        let shares = new LimitShares();
        const held: LimitShare[] = [];
        const back: LimitShare[] = [];
        for (const { at, amount, returns, saves } of steps) {
          const one = share(at, amount);
          shares.take([one], at);
          held.push(one);
          if (returns) {
            shares.giveBack([one], at);
            held.splice(held.indexOf(one), 1);
            back.push(one);
          }
          if (saves) shares = new LimitShares(JSON.parse(JSON.stringify(shares.save())));
        }
        const since = NOW - WINDOW + ago;
        const least = shares.atLeast('a', since);
        expect(compareDecimals(least, sumOf(held.filter(({ at }) => at > since)))).toBeLessThanOrEqual(0);
        // Sums span a part of the window; what lies within one of its edge may be left out.
        const edge = (2 * WINDOW) / 240;
        const near = back.filter(({ at }) => Math.abs(at - since) <= edge);
        const surely = addDecimals(sumOf(held.filter(({ at }) => at > since + edge)), {
          ...sumOf(near),
          units: -sumOf(near).units,
        });
        expect(compareDecimals(least, surely)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('forgets what can count no more, and keeps what stays', () => {
    const shares = new LimitShares();
    shares.take([share(NOW - 2 * WINDOW, '5')], NOW);
    expect(shares.save()).toEqual([]);
    const glass = share(NOW, '1', { stays: true });
    shares.take([glass], NOW);
    shares.giveBack([glass], NOW);
    expect(formatDecimal(shares.atLeast('a', NOW - WINDOW))).toBe('1');
    expect(formatDecimal(shares.atLeast('b', NOW - WINDOW))).toBe('0');
  });
});

describe('what a record holds of it', () => {
  const secretOf = (letter: string) => ({
    ...({ kind: 'secret', use: 'payload', since: '2026-01-01T00:00:00.000Z', until: null } as const),
    secret: letter.repeat(43),
  });
  const [first, second] = [secretOf('A'), secretOf('B')];
  const seals = (...secrets: (typeof first)[]) => shareSeals({ commitments: commitmentsBy(secrets) });
  const shares = [share(NOW, '250', { stays: false }), share(NOW, '1', { slot: 'b', stays: true })];

  it('opens for its action, also under a secret from before, and for nothing else', () => {
    const sealed = seals(first).seal('default', 'act_1', shares);
    expect(seals(second, first).open('default', 'act_1', sealed)).toEqual(shares);
    expect(seals(second).open('default', 'act_1', sealed)).toEqual([]);
    expect(seals(first).open('default', 'act_2', sealed)).toEqual([]);
    expect(seals(first).open('other', 'act_1', sealed)).toEqual([]);
    expect(seals(first).open('default', 'act_1', 'AAAA')).toEqual([]);
  });

  it('has a length that says nothing of the amount', () => {
    const lengthOf = (amount: string) => seals(first).seal('default', 'act_1', [share(NOW, amount)]).length;
    expect(lengthOf('1')).toBe(lengthOf('123456789012.345'));
  });
});

describe('how far an action’s records go', () => {
  const none = { decided: [], begun: [] };

  it.each([
    ['a verdict', [['verdict', 0]], -1],
    [
      'a verdict and its release',
      [
        ['verdict', 0],
        ['release', 1],
      ],
      -1,
    ],
    [
      'a decision',
      [
        ['verdict', 0],
        ['decision', 1],
      ],
      1,
    ],
    [
      'a release after a decision',
      [
        ['decision', 1],
        ['release', 2],
      ],
      2,
    ],
    [
      'a redemption',
      [
        ['release', 1],
        ['redemption', 2],
      ],
      2,
    ],
    [
      'a refusal since',
      [
        ['decision', 1],
        ['verdict', 2],
      ],
      2,
    ],
    [
      'a reconciliation',
      [
        ['outcome', 3],
        ['reconcile', 4],
      ],
      4,
    ],
    [
      'two records of one number',
      [
        ['decision', 1],
        ['decision', 1],
      ],
      Number.MAX_SAFE_INTEGER,
    ],
    [
      'one more after these',
      [
        ['decision', 1],
        ['decision', 1],
        ['release', 2],
      ],
      Number.MAX_SAFE_INTEGER,
    ],
  ] as const)('%s', (_name, notes, newest) => {
    const records = new NewestRecords(none);
    for (const [type, seq] of notes) records.note({ type, action: 'act_1', seq });
    expect(records.of('act_1')).toBe(newest);
    expect(new NewestRecords(JSON.parse(JSON.stringify(records.save()))).of('act_1')).toBe(newest);
    expect(records.of('act_2')).toBe(-1);
  });
});
