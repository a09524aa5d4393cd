import oracle from 'canonicalize';
import fc from 'fast-check';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  canonicalize,
  CanonicalError,
  hashOf,
  MAX_DEPTH,
  type CanonicalErrorCode,
} from '../../src/canonical/index.ts';
import vectors from '../vectors/canonical.json' with { type: 'json' };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CanonicalError) return error.code;
    throw error;
  }
  return 'no error';
}

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('RFC 8785 vectors', () => {
  it.each(vectors.cases)('$name', ({ json, canonical, hash }) => {
    const value: unknown = JSON.parse(json);
    expect(canonicalize(value)).toBe(canonical);
    expect(hashOf(value)).toBe(hash);
  });

  it.each(vectors.numbers)('number $ieee', ({ ieee, text }) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(`0x${ieee}`));
    const number = view.getFloat64(0);
    if (text === null) expect(codeOf(() => canonicalize(number))).toBe('non-finite-number');
    else expect(canonicalize(number)).toBe(text);
  });
});

describe('what is not JSON is refused', () => {
  class Money {
    amount = 1;
  }
  const cyclic: Record<string, unknown> = { a: [{}] };
  cyclic['self'] = cyclic;
  const wide: unknown[] = [];
  wide.push(wide, wide, wide);
  const cases: [string, unknown, CanonicalErrorCode][] = [
    ['undefined', undefined, 'unsupported-value'],
    ['an undefined member', { a: undefined }, 'unsupported-value'],
    ['a hole', [1, , 2], 'unsupported-value'], // oxlint-disable-line no-sparse-arrays
    ['a function', { a: () => 1 }, 'unsupported-value'],
    ['a function called toJSON', { toJSON: () => 'x' }, 'unsupported-value'],
    ['a symbol', Symbol('a'), 'unsupported-value'],
    ['a bigint', 1n, 'unsupported-value'],
    ['NaN', [Number.NaN], 'non-finite-number'],
    ['infinity', -Infinity, 'non-finite-number'],
    ['a lone high surrogate', 'a\ud800', 'lone-surrogate'],
    ['a lone low surrogate', ['\udc00a'], 'lone-surrogate'],
    ['a lone surrogate in a name', { '\ud800': 1 }, 'lone-surrogate'],
    ['a date, whose toJSON is not called', new Date(0), 'non-plain-object'],
    ['an instance', new Money(), 'non-plain-object'],
    ['a map', new Map(), 'non-plain-object'],
    ['bytes', new Uint8Array(1), 'non-plain-object'],
    ['a boxed number', Object(1), 'non-plain-object'],
    ['a symbol as name', { [Symbol('a')]: 1 }, 'non-plain-object'],
    ['an object that inherits members', Object.create({ a: 1 }), 'non-plain-object'],
    ['too deep', nested(MAX_DEPTH + 1), 'too-deep'],
    ['far too deep', nested(100_000), 'too-deep'],
    ['a cycle', cyclic, 'cycle'],
    ['a cycle of arrays', wide, 'cycle'],
  ];
  it.each(cases)('%s', (_name, value, code) => expect(codeOf(() => canonicalize(value))).toBe(code));
});

describe('what is JSON is written', () => {
  it('nested to the limit', () => expect(canonicalize(nested(MAX_DEPTH))).toContain('[0]'));
  it('the same object twice is not a cycle', () => {
    const shared = { a: 1 };
    expect(canonicalize({ x: shared, y: [shared] })).toBe('{"x":{"a":1},"y":[{"a":1}]}');
  });
  it('objects without a prototype, and of another realm', () => {
    expect(canonicalize(Object.assign(Object.create(null) as object, { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
    expect(canonicalize(runInNewContext('({ b: [1], a: {} })'))).toBe('{"a":{},"b":[1]}');
  });
  it('an own member called __proto__ or toJSON is data', () => {
    const text = '{"__proto__":{"a":1},"toJSON":1}';
    expect(canonicalize(JSON.parse(text))).toBe(text);
  });
  it('negative zero is zero', () => expect(canonicalize([-0])).toBe('[0]'));
});

describe('properties', () => {
  const json = fc.jsonValue({ depthSize: 'medium', stringUnit: 'binary' });

  it('writes what an independent implementation writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalize(value)).toBe(oracle(value));
      }),
      { numRuns: 500 },
    );
  });
  it('reads back as the same value and writes the same again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalize(value);
        expect(canonicalize(JSON.parse(text))).toBe(text);
        expect(new TextDecoder().decode(canonicalBytes(value))).toBe(text);
      }),
    );
  });
  it('does not depend on the order of names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(hashOf(turned)).toBe(hashOf(object));
      }),
    );
  });
  it('throws nothing but CanonicalError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }), (value) => {
        try {
          canonicalize(value);
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
