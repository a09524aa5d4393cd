import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDecimals,
  CanonicalError,
  compareDecimals,
  formatDecimal,
  parseDecimal,
} from '../../src/canonical/index.ts';

function read(value: number | string): string {
  try {
    return formatDecimal(parseDecimal(value));
  } catch (error) {
    return (error as CanonicalError).code;
  }
}

describe('reading', () => {
  it.each<[number | string, string]>([
    [420.5, '420.5'],
    ['420.50', '420.5'],
    [0, '0'],
    [-0, '0'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['0.1', '0.1'],
    [-12.345, '-12.345'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [123456789012345, '123456789012345'],
    [99999999999999.9, '99999999999999.9'],
    ['1000000000000000000', '1000000000000000000'],
    [0.1 + 0.2, 'too-many-digits'],
    [1234567890123456, 'too-many-digits'],
    ['1.234567890123456', 'too-many-digits'],
    [Number.NaN, 'malformed-decimal'],
    [Infinity, 'malformed-decimal'],
    ['', 'malformed-decimal'],
    ['1e3', 'malformed-decimal'],
    ['+1', 'malformed-decimal'],
    ['01', 'malformed-decimal'],
    ['1.', 'malformed-decimal'],
    ['.5', 'malformed-decimal'],
    ['1,000', 'malformed-decimal'],
    [' 1', 'malformed-decimal'],
    ['0x10', 'malformed-decimal'],
    ['\u0661', 'malformed-decimal'],
    ['1'.repeat(500), 'malformed-decimal'],
  ])('%j is %s', (value, text) => expect(read(value)).toBe(text));
});

describe('arithmetic', () => {
  const cents = fc.integer({ min: -1e12, max: 1e12 });
  const money = (units: number): ReturnType<typeof parseDecimal> =>
    parseDecimal(
      `${units < 0 ? '-' : ''}${Math.floor(Math.abs(units) / 100)}.${String(Math.abs(units) % 100).padStart(2, '0')}`,
    );

  it('adds and compares exactly', () => {
    fc.assert(
      fc.property(cents, cents, (a, b) => {
        expect(addDecimals(money(a), money(b))).toEqual(money(a + b));
        expect(compareDecimals(money(a), money(b))).toBe(Math.sign(a - b) || 0);
      }),
    );
  });
  it('0.1 + 0.2 is 0.3, ten times 0.1 is 1', () => {
    expect(formatDecimal(addDecimals(parseDecimal(0.1), parseDecimal('0.2')))).toBe('0.3');
    const ten = Array.from({ length: 10 }, () => parseDecimal(0.1)).reduce(addDecimals);
    expect(formatDecimal(ten)).toBe('1');
    expect(compareDecimals(ten, parseDecimal(1))).toBe(0);
  });
  it('a sum may have more digits than an amount, and reads back as ours', () => {
    const sum = addDecimals(parseDecimal('999999999999999'), parseDecimal('0.000000000000001'));
    expect(formatDecimal(sum)).toBe('999999999999999.000000000000001');
    expect(() => parseDecimal(formatDecimal(sum))).toThrow(CanonicalError);
    expect(parseDecimal(formatDecimal(sum), Infinity)).toEqual(sum);
  });
  it('every number of at most 15 digits reads back as itself', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999999999999999, max: 999999999999999 }),
        fc.integer({ min: -20, max: 20 }),
        (n, e) => {
          const value = Number(`${n}e${e}`);
          expect(Number(formatDecimal(parseDecimal(value)))).toBe(value === 0 ? 0 : value);
        },
      ),
    );
  });
});
