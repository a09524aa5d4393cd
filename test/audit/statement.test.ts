/** Statements of the outside: read as banks write them, and every difference named, with nothing named that is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnsOf,
  CsvReader,
  readStatementRow,
  StatementComparison,
  type GovernedEffect,
  type StatementIssue,
} from '../../src/audit/index.ts';
import { placesOf } from '../../src/export/index.ts';

const read = (text: string, separator?: string): string[][] => {
  const reader = new CsvReader(separator);
  return [...reader.push(text), ...reader.end()].map(({ cells }) => cells);
};

describe('a table', () => {
  it.each([
    [
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a;b\n1;2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a\tb\n1\t2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\n"x, ""y""\nz",2\n',
      [
        ['a', 'b'],
        ['x, "y"\nz', '2'],
      ],
    ],
    [
      'a,b\n\n,\n1,\n',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    ['', []],
    ['alone', [['alone']]],
  ])('%j is read', (text, rows) => {
    expect(read(text)).toEqual(rows);
  });

  it('is read the same in whatever pieces it comes, and each row knows its line', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '1', '"', ',', '\n', ' ') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), fc.nat({ max: 7 }), (rows, size) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = `h,i\n${rows.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
        const reader = new CsvReader();
        const found: { line: number; cells: string[] }[] = [];
        for (let at = 0; at < text.length; at += size + 1) found.push(...reader.push(text.slice(at, at + size + 1)));
        found.push(...reader.end());
        const expected = rows.filter((row) => row.some((one) => one.trim() !== ''));
        expect(found.slice(1).map(({ cells }) => cells)).toEqual(expected);
        const lines = text.split('\n');
        for (const { line, cells } of found.slice(1))
          expect(lines[line - 1]?.startsWith(quoted(cells[0] ?? '').split('\n')[0] ?? '')).toBe(true);
      }),
    );
  });

  it('without an end of line is none', () => {
    expect(() => read('x'.repeat(1_100_000))).toThrow(RangeError);
  });
});

describe('a row', () => {
  const columns = { key: 0, amount: 1, currency: 2, at: null };
  it.each([
    ['1,420.50', '.', false, 'USD', '1420.50'],
    ['-420.50', '.', false, 'USD', '420.50'],
    ['(420.50)', '.', false, 'USD', '420.50'],
    ['1.420,50', ',', false, 'EUR', '1420.50'],
    ['142050', '.', true, 'EUR', '1420.5'],
    ['1500', '.', true, 'KWD', '1.5'],
    ['1500', '.', true, 'JPY', '1500'],
  ] as const)('of %s with a decimal %s (minor: %s) in %s is %s', (text, decimal, minor, currency, amount) => {
    const row = readStatementRow({ line: 2, cells: ['k', text, currency] }, columns, { decimal, minor }, placesOf);
    expect(row).toMatchObject({ key: 'k', currency });
    expect(Number('amount' in row ? row.amount : NaN)).toBe(Number(amount));
  });

  it.each([[['', '1', 'USD']], [['k', 'much', 'USD']], [['k', '', 'USD']]])(
    '%j cannot be read, and says so',
    (cells) => {
      expect(readStatementRow({ line: 3, cells }, columns, {}, placesOf)).toMatchObject({
        kind: 'unreadable',
        line: 3,
      });
    },
  );

  it('is found by headings, in any case, and those that are missing are named', () => {
    const mapping = { by: 'reference', key: 'Ref', amount: 'Betrag' } as const;
    expect(columnsOf(mapping, ['\ufeffREF', 'x', 'betrag '])).toEqual({ key: 0, amount: 2, currency: null, at: null });
    expect(columnsOf(mapping, ['a'])).toEqual({ missing: ['Ref', 'Betrag'] });
  });
});

const effect = (n: number, more: Partial<GovernedEffect> = {}): GovernedEffect => ({
  action: `act_${n}`,
  firstIndex: n,
  status: 'executed',
  releasedAt: '2026-07-01T00:00:00.000Z',
  currency: 'EUR',
  amountReleased: `${100 + n}.50`,
  amountExecuted: `${100 + n}.50`,
  amountUndisclosed: false,
  ...more,
});
const row = (n: number, more: object = {}) => ({
  line: n + 2,
  key: `ref_${n}`,
  amount: `${100 + n}.5`,
  currency: 'EUR',
  at: null,
  ...more,
});

it('of 10,000 rows with 25 ungoverned, 25 altered and 25 doubled, 75 are named, and no other', () => {
  const comparison = new StatementComparison();
  const issues: StatementIssue[] = [];
  for (let n = 0; n < 9975; n += 1) {
    const wrong = n % 399;
    const [ungoverned, altered, doubled] = [wrong === 0, wrong === 100, wrong === 200];
    const alteration = n % 2 === 0 ? { amount: '1.00' } : { currency: 'USD' };
    const change = altered ? alteration : {};
    issues.push(...comparison.compare(row(n, change), ungoverned ? [] : [effect(n)]));
    if (doubled) issues.push(...comparison.compare(row(n), [effect(n)]));
  }
  const count = (kind: string): number => issues.filter((one) => one.kind === kind).length;
  expect([issues.length, count('ungoverned'), count('altered'), count('doubled')]).toEqual([75, 25, 25, 25]);
  expect(comparison.agreed).toBe(9975 - 50);
});

it.each<[string, Partial<GovernedEffect>, object, string | null]>([
  ['what was refused', { releasedAt: null, status: 'refused' }, {}, 'ungoverned'],
  ['what its executor called failed', { status: 'failed' }, {}, 'contradicted'],
  ['what nobody reported yet', { status: 'released', amountExecuted: null }, {}, null],
  [
    'an amount that is not disclosed',
    { amountReleased: null, amountExecuted: null, amountUndisclosed: true },
    {},
    null,
  ],
  ['a statement without amounts', {}, { amount: null }, null],
  ['an amount that an approver lowered', { amountReleased: '50.00', amountExecuted: '50.00' }, {}, 'altered'],
])('%s', (_name, governed, said, kind) => {
  const found = new StatementComparison().compare(row(1, said), [effect(1, governed)]);
  expect(found.map((one) => one.kind)).toEqual(kind === null ? [] : [kind]);
});

it('two actions of one reference are two effects', () => {
  const comparison = new StatementComparison();
  const both = [effect(1), effect(2, { amountReleased: '101.50', amountExecuted: '101.50' })];
  expect(comparison.compare(row(1), both)).toEqual([]);
  expect(comparison.compare(row(1), both)).toEqual([]);
  expect(comparison.compare(row(1), both)).toMatchObject([{ kind: 'doubled' }]);
});
