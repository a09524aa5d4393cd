/** Input that nobody should send: what a stranger could hand to a verifier, and true things with one part changed. */
import fc from 'fast-check';

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Any value at all, and the ones that break things. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true }),
  fc.constantFrom<unknown>(
    Number.MAX_VALUE,
    -1,
    2 ** 53,
    1e308,
    0.5,
    Number.NaN,
    '',
    '\ud800',
    '\u0000',
    'A'.repeat(200_000),
    '\n'.repeat(10_000),
    Array.from({ length: 10_000 }, () => 'AAAA'),
    JSON.parse('{"__proto__":{"kind":"countersign.receipt/v1"}}'),
    parsed('['.repeat(50_000) + ']'.repeat(50_000)),
    Symbol('x'),
    () => 1,
  ),
);

/** A copy of `value` with `part` put at one of its places, or the place taken away. */
export function mutated(value: unknown, at: number, part: unknown, remove: boolean): unknown {
  const copy = structuredClone(value);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (below: unknown): void => {
    if (typeof below !== 'object' || below === null) return;
    for (const key of Object.keys(below)) {
      places.push([below as Record<string, unknown>, key]);
      walk((below as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [holder, key] = places[at % places.length] as [Record<string, unknown>, string];
  if (remove) delete holder[key];
  else holder[key] = part;
  return copy;
}

/** A text with one character changed, put in, taken out, or cut there. */
export function misspelt(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.nat({ max: text.length - 1 }),
      fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        fc.constantFrom(...'\n —+/=AZ09\u0000\ud800'),
      ),
      fc.constantFrom('change', 'insert', 'remove', 'cut', 'double'),
    )
    .map(([at, character, how]) => {
      const [before, after] = [text.slice(0, at), text.slice(at)];
      switch (how) {
        case 'change':
          return before + character + after.slice(1);
        case 'insert':
          return before + character + after;
        case 'remove':
          return before + after.slice(1);
        case 'double':
          return before + after + after;
        default:
          return before;
      }
    });
}

/** Bytes with one changed, or cut, or longer. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.nat({ max: Math.max(0, bytes.length - 1) }),
      fc.nat({ max: 255 }),
      fc.constantFrom('change', 'cut', 'grow'),
    )
    .map(([at, value, how]) => {
      if (how === 'cut') return bytes.slice(0, at);
      if (how === 'grow') return Uint8Array.from([...bytes, value]);
      const copy = Uint8Array.from(bytes);
      copy[at] = value;
      return copy;
    });
}
