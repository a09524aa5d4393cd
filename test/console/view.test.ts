/** What the console makes of addresses, days and filters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../src/console/web/view/disclosed.ts';
import { differenceWords, middleOf, periodBefore, waitsOf } from '../../src/console/web/view/figures.ts';
import { changedLines } from '../../src/console/web/view/policy-text.ts';
import { policiesIn, ruleIn, yamlOf } from '../../src/console/web/view/yaml.ts';
import {
  addressOf,
  filtersOf,
  FILTERS,
  phrasesOf,
  queryOf,
  sentenceOf,
  SORTS,
  sortOf,
  type Filters,
} from '../../src/console/web/view/filters.ts';
import {
  dayAfter,
  dayBegins,
  dayAt,
  isKnownZone,
  lasting,
  minuteIn,
  rangesAt,
} from '../../src/console/web/view/times.ts';

describe('a day in a zone', () => {
  it.each([
    ['2026-07-01', 'UTC', '2026-07-01T00:00:00.000Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-01-01', 'America/New_York', '2026-01-01T05:00:00.000Z'],
    ['2026-01-01', 'Asia/Kathmandu', '2025-12-31T18:15:00.000Z'],
    // Clocks change on these days.
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z'],
    ['2026-11-02', 'America/New_York', '2026-11-02T05:00:00.000Z'],
  ])('%s in %s begins at %s', (day, zone, instant) => {
    expect(dayBegins(day, zone)).toBe(instant);
    expect(dayAt(new Date(instant), zone)).toBe(day);
  });

  it.each(['', 'yesterday', '2026-02-30', '2026-7-1', '2026-07-01T00:00:00Z'])('is not %s', (text) => {
    expect(dayBegins(text, 'UTC')).toBeNull();
  });

  it('ends when the next one begins', () => {
    expect(dayAfter('2026-12-31')).toBe('2027-01-01');
    expect(queryOf({ from: '2026-07-01', to: '2026-09-30' }, 'Europe/Berlin')).toEqual({
      from: '2026-06-30T22:00:00.000Z',
      to: '2026-09-30T22:00:00.000Z',
    });
  });

  it('is part of a quarter', () => {
    expect(rangesAt('2026-02-11')).toEqual({
      'last quarter': { from: '2025-10-01', to: '2025-12-31' },
      'this quarter': { from: '2026-01-01', to: '2026-03-31' },
      'last month': { from: '2026-01-01', to: '2026-01-31' },
      'this year': { from: '2026-01-01', to: '2026-12-31' },
    });
  });

  it('is told with its zone', () => {
    expect(minuteIn('2026-11-03T13:05:09.123Z', 'Europe/Berlin')).toBe('3 Nov 2026, 14:05');
    expect([isKnownZone('Europe/Berlin'), isKnownZone('Mars/Olympus')]).toEqual([true, false]);
    expect([lasting(4_000), lasting(93_600_000), lasting(0)]).toEqual(['4 seconds', '1 day 2 hours', 'a moment']);
  });
});

describe('a question', () => {
  const filters = fc.dictionary(
    fc.constantFrom(...FILTERS),
    fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.trim() || 'x'),
  ) as fc.Arbitrary<Filters>;

  it('is the same after a way through an address', () => {
    fc.assert(
      fc.property(filters, fc.constantFrom(...SORTS), (asked, sort) => {
        const search = new URLSearchParams(addressOf(asked, sort));
        expect(filtersOf(search)).toEqual({ ...asked });
        expect(sortOf(search)).toBe(sort);
        expect(
          phrasesOf(asked)
            .map(({ name }) => name)
            .sort(),
        ).toEqual(Object.keys(asked).sort());
      }),
    );
  });

  it('is a sentence', () => {
    expect(sentenceOf({})).toBe('All actions');
    expect(
      sentenceOf({ basis: 'override', surface: 'payments.refund', amountFrom: '500', approver: 'user:cfo@acme.test' }),
    ).toBe(
      'Actions: overrides: released by a person, of payments.refund, asked for at least 500, decided by user:cfo@acme.test',
    );
  });

  it('asks for a text only when it is long enough', () => {
    expect(queryOf({ q: 'or' }, 'UTC')).toEqual({});
    expect(queryOf({ q: 'ord' }, 'UTC')).toEqual({ q: 'ord' });
    expect(sortOf(new URLSearchParams('sort=nothing'))).toBe('-askedAt');
  });
});

describe('figures', () => {
  it('have a middle that happened, and spread over bins that hold all', () => {
    expect([middleOf([]), middleOf([5]), middleOf([9, 1, 5]), middleOf([4, 1, 9, 2])]).toEqual([null, 5, 5, 2]);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000_000 })), (seconds) => {
        expect(waitsOf(seconds).reduce((all, { count }) => all + count, 0)).toBe(seconds.length);
      }),
    );
    expect(waitsOf([9.9, 10, 86_400]).map(({ count }) => count)).toEqual([1, 1, 0, 0, 0, 0, 1]);
  });

  it('are held against the time before, of the same length', () => {
    expect(periodBefore({ from: '2026-07-01', to: '2026-09-30' })).toEqual({ from: '2026-03-31', to: '2026-06-30' });
    expect([differenceWords(3, 3), differenceWords(5, 3), differenceWords(1, 3)]).toEqual([
      'as many as before',
      '2 more than before',
      '2 fewer than before',
    ]);
  });
});

describe('texts of policies', () => {
  const source = {
    policies: [
      { policy: 'b', rules: [{ id: 'small', when: 'params.amount <= 100', then: 'approve' }] },
      { policy: 'a', surfaces: ['x.*'], rules: [] },
    ],
  };

  it('are laid out as people write them', () => {
    expect(policiesIn(source).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(yamlOf(ruleIn(source, 'b', 'small'))).toBe('id: small\nwhen: "params.amount <= 100"\nthen: approve');
    expect(ruleIn(source, 'b', 'large')).toBeNull();
    expect(yamlOf({ a: [{ b: 'true', c: [1, 2] }], d: null })).toBe('a:\n  - b: "true"\n    c: [1, 2]\nd: null');
  });

  it('differ by lines that lead from one to the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changed = changedLines(before, after);
        const lines = (one: string): string[] => (one === '' ? [] : one.split('\n'));
        const counts = (sign: string): number => changed.filter((line) => line.sign === sign).length;
        expect(lines(before).length - counts('-')).toBe(lines(after).length - counts('+'));
        if (before === after) expect(changed).toEqual([]);
      }),
    );
    expect(changedLines('a\nb', 'a\nc')).toEqual([
      { sign: '-', text: 'b' },
      { sign: '+', text: 'c' },
    ]);
  });
});

describe('what was asked', () => {
  it('is told uncut, each value with its path', () => {
    const long = 'x'.repeat(5000);
    expect(linesOf({ params: { amount: 1, to: [{ id: long }] }, content: {}, note: null })).toEqual([
      { path: 'params.amount', value: '1' },
      { path: 'params.to[0].id', value: long },
      { path: 'content', value: '{}' },
      { path: 'note', value: 'null' },
    ]);
  });
});
