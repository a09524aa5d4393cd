/** The finance tests: each finds what was planted for it among a year of ordinary business, and in that year nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIT_TESTS, lotOf, sample, type AuditedAction, type AuditFinding } from '../../src/audit/index.ts';
import { sha256Hex, utf8 } from '../../src/canonical/index.ts';
import { cleanYear, CONTEXT, PLANTED } from './history.ts';

const inOrder = (actions: readonly AuditedAction[]): AuditedAction[] =>
  [...actions].sort((a, b) => Date.parse(a.askedAt) - Date.parse(b.askedAt) || a.firstIndex - b.firstIndex);
const findingsOf = (actions: readonly AuditedAction[]): AuditFinding[] =>
  AUDIT_TESTS.flatMap(({ run }) => run(inOrder(actions), CONTEXT));

const SPRING = Date.parse('2026-03-01T00:00:00Z');
const YEAR = cleanYear(2000, 20_261_127);

it('there are sixteen, each with a question, a version and its parameters', () => {
  expect(AUDIT_TESTS.map(({ name }) => name).sort()).toEqual(Object.keys(PLANTED).sort());
  for (const { question, version } of AUDIT_TESTS) expect([question.endsWith('?'), version]).toEqual([true, 1]);
});

it('in an ordinary year nothing is found', () => {
  expect(YEAR.length).toBeGreaterThan(1200);
  expect(findingsOf(YEAR)).toEqual([]);
});

describe.each(Object.keys(PLANTED))('%s', (name) => {
  const planted = PLANTED[name]?.() ?? [];
  const run = (): AuditFinding[] =>
    AUDIT_TESTS.find((test) => test.name === name)?.run(inOrder([...YEAR, ...planted]), CONTEXT) ?? [];
  const found = run();

  it('is found where it was planted, and there alone', () => {
    expect(found.length).toBeGreaterThan(0);
    const ids = new Set(planted.map(({ action }) => action));
    const named = found.flatMap(({ actions }) => actions);
    if (name === 'benford') expect(named).toEqual([]);
    else expect(named.some((id) => ids.has(id))).toBe(true);
    // Bunching counts whatever stands below the bound, planted or not.
    if (!['benford', 'bunching'].includes(name)) expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('is said in a sentence, with figures, and again the same', () => {
    for (const { sentence, version } of found) expect([sentence.length > 20, version]).toEqual([true, 1]);
    expect(run()).toEqual(found);
  });
});

describe('what a test must not take for its anomaly', () => {
  const [one, other, third] = PLANTED['split-under-tier']?.() ?? [];
  it.each<[string, string, (AuditedAction | undefined)[]]>([
    [
      'parts of different people',
      'split-under-tier',
      [one, { ...(other as AuditedAction), requester: 'user:x@acme.test' }],
    ],
    ['parts in different currencies', 'split-under-tier', [one, { ...(other as AuditedAction), currency: 'EUR' }]],
    [
      'an amount that is above the bound by itself',
      'split-under-tier',
      [one, { ...(third as AuditedAction), amount: '1200' }],
    ],
    ['amounts that policy does not disclose', 'split-under-tier', [one, { ...(other as AuditedAction), amount: null }]],
    [
      'the same amount for two orders',
      'duplicate',
      [...(PLANTED['duplicate']?.() ?? [])].map((it_, n) => ({ ...it_, resource: `order ${n}` })),
    ],
    [
      'the same twice, and released once',
      'duplicate',
      [...(PLANTED['duplicate']?.() ?? [])].map((it_, n) => (n === 0 ? { ...it_, releasedAt: null } : it_)),
    ],
    [
      'a rule’s no',
      'second-opinion',
      [...(PLANTED['second-opinion']?.() ?? [])].map((it_, n) => (n === 0 ? { ...it_, approver: null } : it_)),
    ],
    [
      'a fast approver who refuses too',
      'rubber-stamp',
      [...(PLANTED['rubber-stamp']?.() ?? [])].map((it_, n) => (n === 0 ? { ...it_, status: 'refused' } : it_)),
    ],
  ])('%s', (_what, name, actions) => {
    const run = AUDIT_TESTS.find((test) => test.name === name)?.run;
    expect(run?.(inOrder(actions.filter((it_) => it_ !== undefined)), CONTEXT)).toEqual([]);
  });
});

it('no test fails, or finds what is not among the actions, whatever they are', () => {
  const any = fc.array(
    fc.record({
      n: fc.nat(50),
      amount: fc.option(
        fc.tuple(fc.nat(10 ** 9), fc.nat(99)).map(([whole, cents]) => `${whole}.${String(cents).padStart(2, '0')}`),
      ),
      wait: fc.option(fc.nat(10 ** 6)),
      status: fc.constantFrom('executed', 'refused', 'expired', 'lapsed', 'unreported', 'supervised'),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(any, (drafts) => {
      const actions = inOrder(
        drafts.map(({ n, amount, wait, status }, index): AuditedAction => {
          const askedAt = new Date(SPRING + n * 3_600_000).toISOString();
          const decidedAt = wait === null ? null : new Date(SPRING + n * 3_600_000 + wait).toISOString();
          return {
            ...(YEAR[index] as AuditedAction),
            ...{ action: `act_${index}`, firstIndex: index, askedAt, decidedAt, waitMs: wait, amount, status },
            approver: wait === null ? null : `user:${n % 3}@acme.test`,
          };
        }),
      );
      const ids = new Set(actions.map(({ action }) => action));
      for (const { actions: named } of findingsOf(actions)) for (const id of named) expect(ids.has(id)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

describe('a sample', () => {
  const population = Array.from({ length: 200 }, (_, n) => ({
    id: `act_${n}`,
    stratum: n % 3 === 0 ? 'EUR' : 'USD',
    amount: n === 7 ? null : `${n * 10}.00`,
  }));

  it('is the smallest lots, which anybody can compute', () => {
    expect(lotOf('root/word', 'act_1')).toBe(sha256Hex(utf8('root/word\0act_1')));
    const drawn = sample(population, { size: 5, seed: 'root/word' });
    expect(drawn).toHaveLength(10);
    for (const stratum of ['EUR', 'USD']) {
      const lots = population.filter((one) => one.stratum === stratum).map(({ id }) => lotOf('root/word', id));
      expect(drawn.filter((one) => one.stratum === stratum).map(({ lot }) => lot)).toEqual(lots.sort().slice(0, 5));
    }
  });

  it('takes everything above the bound, and does not draw from it', () => {
    const drawn = sample(population, { size: 3, seed: 's', allAbove: '1900' });
    expect(drawn.filter(({ by }) => by === 'bound')).toHaveLength(9);
    expect(drawn.filter(({ by }) => by === 'lot')).toHaveLength(6);
  });

  it('is the same however the population is ordered, and another with another word', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(population, { minLength: population.length }), (shuffled) => {
        expect(sample(shuffled, { size: 4, seed: 'w' })).toEqual(sample(population, { size: 4, seed: 'w' }));
      }),
    );
    expect(sample(population, { size: 4, seed: 'w' })).not.toEqual(sample(population, { size: 4, seed: 'v' }));
  });
});
