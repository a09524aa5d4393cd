/** The readers themselves: one table for each kind of thing that comes in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalize,
  dayOf,
  faultOfNumber,
  instantOf,
  readInput,
  readSealed,
  saysSomething,
} from '../../src/canonical/index.ts';
import { checkShape, readBound, readIdempotencyKey, readJson } from '../../src/contract/index.ts';
import {
  BLANK_REASONS,
  READABLE_REASONS,
  RIGHT_NUMBERS,
  RIGHT_TIMES,
  TWICE,
  WRONG_DATES,
  WRONG_NUMBERS,
  WRONG_TIMES,
} from './inputs.ts';

const refusal = (code: string, pointer: string): unknown => expect.objectContaining({ code, pointer });

describe('numbers', () => {
  it.each(WRONG_NUMBERS)('%s is refused, with its place', (number) => {
    expect(() => readInput(`{"params":{"list":[1,${number}]}}`)).toThrow(
      refusal('inexact-number', '/params/list/1') as Error,
    );
    expect(() => readJson('the body', `{"a":${number}}`)).toThrow(
      expect.objectContaining({ code: 'invalid-request', errors: [expect.objectContaining({ pointer: '/a' })] }),
    );
  });

  it.each(RIGHT_NUMBERS)('%s is itself', (number) => {
    expect(readInput(`[${number}]`)).toEqual([Number(number)]);
  });

  it('are what was sent, whatever was sent', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), fc.nat(25), (units, scale) => {
        const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
        const text = `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`;
        const significant = digits.replace(/^0+/, '').replace(/0+$/, '').length;
        expect(faultOfNumber(text) === null).toBe(significant <= 15);
      }),
    );
  });

  it('that we sealed may have every digit of a double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(readSealed(canonicalize([value]))).toEqual([value === 0 ? 0 : value]);
      }),
    );
    expect(() => readSealed('[100.000000000000001]')).toThrow(refusal('inexact-number', '/0') as Error);
  });
});

describe('names that stand twice', () => {
  it.each(TWICE)('%s', (json, pointer) => {
    for (const read of [readInput, readSealed]) {
      expect(() => read(json)).toThrow(refusal('duplicate-name', pointer) as Error);
    }
  });

  it.each([
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{"a":"a","b":"a"}',
    '{"a":"\\"a\\":","\\\\":"a"}',
    '{}',
    '[[],{}]',
  ])('%s names everything once', (json) => expect(readInput(json)).toEqual(JSON.parse(json)));

  it('whatever else is there, JSON reads as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        try {
          expect(readSealed(json)).toEqual(JSON.parse(json));
        } catch (error) {
          expect(error).toMatchObject({ code: 'inexact-number' });
        }
      }),
    );
  });
});

describe('texts', () => {
  it.each([
    ['{"a":"\\u0000"}', '/a', 'null-character'],
    ['{"a":"x\\u0000y"}', '/a', 'null-character'],
    ['["\\u0000"]', '/0', 'null-character'],
    ['{"\\u0000":1}', '/\u0000', 'null-character'],
    ['{"a":{"b\\u0000":1}}', '/a/b\u0000', 'null-character'],
    ['{"a":"\\ud800"}', '/a', 'lone-surrogate'],
    ['{"a":"\\udfff\\ud800"}', '/a', 'lone-surrogate'],
    ['{"\\ud800":1}', '/\ud800', 'lone-surrogate'],
    ['["\\udc00x"]', '/0', 'lone-surrogate'],
    ['[{"a":["\\ud83d"]}]', '/0/a/0', 'lone-surrogate'],
  ])('%s is refused', (json, pointer, code) => {
    expect(() => readInput(json)).toThrow(refusal(code, pointer) as Error);
    expect(() => checkShape(JSON.parse(json))).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });

  it.each(BLANK_REASONS)('%j says nothing', (text) => expect(saysSomething(text)).toBe(false));
  it.each(READABLE_REASONS)('%j says something', (text) => expect(saysSomething(text)).toBe(true));
});

describe('times', () => {
  it.each(WRONG_TIMES)('%j is none', (text) => {
    expect(instantOf(text)).toBeNull();
    expect(() => readBound('from', text, 'from')).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
  it.each(WRONG_DATES)('%j is no day', (text) => {
    expect(dayOf(text)).toBeNull();
    expect(() => readBound('to', text, 'to')).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
  it.each(RIGHT_TIMES)('%s is %s', (text, utc) => {
    expect(new Date(instantOf(text) ?? Number.NaN).toISOString()).toBe(utc);
  });
  it.each([
    ['2026-11-21', '2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    ['2026-12-31', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-11-21T08:00:00+01:00', '2026-11-21T07:00:00.000Z', '2026-11-21T07:00:00.000Z'],
  ])('from and to %s', (text, from, to) => {
    expect(readBound('from', text, 'from').toISOString()).toBe(from);
    expect(readBound('to', text, 'to').toISOString()).toBe(to);
  });
  it('are read alike in every zone of the machine', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
        expect(instantOf(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});

describe('the idempotency key', () => {
  it.each([
    [['abc'], 'abc'],
    [['"abc"'], 'abc'],
    [[' "8e03978e-40d5-43e8-bc93-6894a57f9324" '], '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    [['a b c'], 'a b c'],
    [['"a b c"'], 'a b c'],
    [['"a\\"b"'], 'a"b'],
    [['"a\\\\b"'], 'a\\b'],
    [['a"b'], 'a"b'],
    [["'abc'"], "'abc'"],
    [['k'.repeat(255)], 'k'.repeat(255)],
  ])('%j is %s', (lines, key) => expect(readIdempotencyKey(lines)).toBe(key));

  it.each([
    [[], 'idempotency-key-missing'],
    [[''], 'idempotency-key-missing'],
    [['""'], 'idempotency-key-missing'],
    [['a', 'b'], 'invalid-request'],
    [['a', 'a'], 'invalid-request'],
    [['"a'], 'invalid-request'],
    [['"a"b'], 'invalid-request'],
    [['"a";p=1'], 'invalid-request'],
    [['"a", "b"'], 'invalid-request'],
    [['"a\\b"'], 'invalid-request'],
    [['a\u00e9'], 'invalid-request'],
    [['k'.repeat(256)], 'invalid-request'],
  ])('%j is refused', (lines, code) =>
    expect(() => readIdempotencyKey(lines)).toThrow(expect.objectContaining({ code })),
  );
});
