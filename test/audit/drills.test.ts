import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTENTION, attentionOf, detectionOf, type DrillResult } from '../../src/audit/index.ts';

const at = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
const result = (end: DrillResult['end'], n: number, more: Partial<DrillResult> = {}): DrillResult => ({
  ...{ person: 'user:a@acme.test', surface: 'payments.refund', end, at: at(n) },
  ...more,
});

/** One drill among so many decisions, from the first such number on. */
const among = (decisions: number, every: number, end: (drill: number) => DrillResult['end']): DrillResult[] =>
  Array.from({ length: Math.floor(decisions / every) }, (_, i) => result(end(i), (i + 1) * every));

/** Reproducible draws from [0, 1). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('attention', () => {
  it.each([1, 2, 3, 5, 7])('flags a robot that approves all within 30 decisions, one in %i a drill', (every) => {
    const [robot] = attentionOf(among(30, every, () => 'missed'));
    expect(robot?.flaggedAt).not.toBeNull();
  });

  it('flags nobody who sees every drill', () => {
    expect(attentionOf(among(1000, 1, () => 'caught'))).toMatchObject([{ flaggedAt: null, caught: 1000 }]);
  });

  it.each(Array.from({ length: 50 }, (_, seed) => seed))(
    'flags no attentive approver in 1,000 drills, who misses one of fifty (%i)',
    (seed) => {
      const random = draws(seed * 7919 + 1);
      const results = among(1000, 1, () => (random() < 0.02 ? 'missed' : 'caught'));
      expect(attentionOf(results)).toMatchObject([{ flaggedAt: null }]);
    },
  );

  it('flags whoever stops looking, however long they looked', () => {
    const results = among(204, 1, (i) => (i < 200 ? 'caught' : 'missed'));
    expect(attentionOf(results)).toMatchObject([{ flaggedAt: at(204), caught: 200, missed: 4 }]);
  });

  it('goes by the order in which they ended, and by each person alone', () => {
    const a = among(4, 1, () => 'missed').reverse();
    const b = [result('missed', 2, { person: 'user:b@acme.test' })];
    expect(attentionOf([...a, ...b])).toMatchObject([{ flaggedAt: at(4) }, { missed: 1, flaggedAt: null }]);
  });

  it('needs at least as many misses as its odds say', () => {
    const least = Math.ceil(Math.log(ATTENTION.odds) / Math.log(ATTENTION.inattentive / ATTENTION.attentive));
    fc.assert(
      fc.property(fc.array(fc.constantFrom<DrillResult['end']>('missed', 'caught'), { maxLength: 60 }), (ends) => {
        const [one] = attentionOf(ends.map((end, i) => result(end, i)));
        if (one !== undefined && one.flaggedAt !== null) expect(one.missed).toBeGreaterThanOrEqual(least);
      }),
    );
  });
});

describe('detection', () => {
  it('is counted by approver and surface', () => {
    const results = [
      result('missed', 1),
      result('caught', 2),
      result('caught', 3, { surface: 'deploy.prod' }),
      result('caught', 4, { person: 'user:b@acme.test' }),
    ];
    expect(detectionOf(results)).toEqual([
      { person: 'user:a@acme.test', surface: 'deploy.prod', caught: 1, missed: 0 },
      { person: 'user:a@acme.test', surface: 'payments.refund', caught: 1, missed: 1 },
      { person: 'user:b@acme.test', surface: 'payments.refund', caught: 1, missed: 0 },
    ]);
  });
});
