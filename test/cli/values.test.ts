import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { parsePairs, readJsonObject } from '../../src/cli/values.ts';

const io: Io = {
  out: () => undefined,
  bytes: () => Promise.resolve(),
  err: () => undefined,
  json: () => undefined,
  env: {},
  stdin: () => Promise.resolve('{"from":"stdin"}'),
  now: () => 0,
  exitCode: 0,
};

describe('parsePairs', () => {
  it.each<[string[], unknown]>([
    [['amount=420.5'], { amount: 420.5 }],
    [['amount=-0.10'], { amount: -0.1 }],
    [['amount=1000000000000000000'], { amount: 1e18 }],
    [['id=007'], { id: '007' }],
    [['id="7"'], { id: '7' }],
    [['on=true', 'off=false', 'none=null'], { on: true, off: false, none: null }],
    [['note=a=b'], { note: 'a=b' }],
    [['note='], { note: '' }],
    [['note=NaN', 'more=Infinity'], { note: 'NaN', more: 'Infinity' }],
    [['a.b=1', 'a.c=2'], { a: { b: 1, c: 2 } }],
    [['a=1', 'a.b=2'], { a: { b: 2 } }],
    [['a=1', 'a=2'], { a: 2 }],
    [['id=991'], { id: '991' }],
  ])('%j', (pairs, want) => {
    expect(
      parsePairs('--param', pairs, want !== null && JSON.stringify(want) === '{"id":"991"}' ? ['id'] : []),
    ).toEqual(want);
  });

  it.each([
    'amount',
    '=1',
    'a..b=1',
    '__proto__=1',
    'a.__proto__.b=1',
    'a=1234567890.1234567',
    'a=1e999',
    'a=[1,{"b":0.12345678901234567}]',
  ])('refuses %j', (pair) => {
    expect(() => parsePairs('--param', [pair])).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });

  it('keeps every value that JSON writes and a number keeps', () => {
    const digits = (value: unknown): number[] =>
      (JSON.stringify(value).match(/\d[\d.]*/g) ?? []).map((number) => number.replaceAll('.', '').length);
    const kept = fc
      .jsonValue({ noUnicodeString: false })
      .filter((value) => digits(value).every((count) => count < 10) && !JSON.stringify(value).includes('\\u0000'));
    fc.assert(
      fc.property(kept, (value) => {
        expect(parsePairs('--param', [`k=${JSON.stringify(value)}`])).toEqual({
          k: JSON.parse(JSON.stringify(value)) as unknown,
        });
      }),
    );
  });

  it('keeps an amount of up to 15 digits as it was typed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999_999_999_999 }), fc.integer({ min: 0, max: 99 }), (whole, cents) => {
        const text = `${whole}.${String(cents).padStart(2, '0')}`;
        const { amount } = parsePairs('--param', [`amount=${text}`]);
        expect(Number(amount).toFixed(2)).toBe(text);
      }),
    );
  });
});

describe('readJsonObject', () => {
  const folder = mkdtempSync(join(tmpdir(), 'values-'));
  const file = join(folder, 'x.json');
  it('reads a file, or standard input', async () => {
    writeFileSync(file, '{"a":"12345678901234567.89"}');
    await expect(readJsonObject(io, file)).resolves.toEqual({ a: '12345678901234567.89' });
    await expect(readJsonObject(io, '-')).resolves.toEqual({ from: 'stdin' });
  });

  it.each(['', '[]', '"a"', 'null', '{', '{"a":12345678901234567.89}', '{"a":[{"b":1e400}]}'])(
    'refuses %j',
    async (text) => {
      writeFileSync(file, text);
      await expect(readJsonObject(io, file)).rejects.toMatchObject({ code: 'invalid-request' });
    },
  );
});
