import fc from 'fast-check';
import { createHash, createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as c from '../../src/canonical/index.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    return (error as c.CanonicalError).code;
  }
};
const bytes = fc.uint8Array({ maxLength: 200 });

describe('text forms of bytes', () => {
  it('are what node:buffer writes, and read back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const node = Buffer.from(value);
        expect(c.toHex(value)).toBe(node.toString('hex'));
        expect(c.toBase64(value)).toBe(node.toString('base64'));
        expect(c.toBase64Url(value)).toBe(node.toString('base64url'));
        expect(c.fromHex(c.toHex(value))).toEqual(value);
        expect(c.fromBase64(c.toBase64(value))).toEqual(value);
        expect(c.fromBase64Url(c.toBase64Url(value))).toEqual(value);
      }),
    );
  });

  it('have one spelling: whatever decodes encodes to the same text', () => {
    const near = fc.string({ unit: fc.constantFrom(...'ABab09+/-_= \n'), maxLength: 12 });
    fc.assert(
      fc.property(near, (text) => {
        for (const [read, write] of [[c.fromBase64, c.toBase64] as const, [c.fromBase64Url, c.toBase64Url] as const]) {
          try {
            expect(write(read(text))).toBe(text);
          } catch (error) {
            expect((error as c.CanonicalError).code).toBe('malformed-base64');
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['no padding', () => c.fromBase64('QQ')],
    ['padding in the middle', () => c.fromBase64('QQ==QQ==')],
    ['three paddings', () => c.fromBase64('Q===')],
    ['bits left over', () => c.fromBase64('QR==')],
    ['white space', () => c.fromBase64('QUJD\n')],
    ['the other alphabet', () => c.fromBase64('-_-_')],
    ['beyond ASCII', () => c.fromBase64('QUJ\u0142')],
    ['padding where there is none', () => c.fromBase64Url('QQ==')],
    ['one digit too many', () => c.fromBase64Url('QQQQQ')],
  ])('base64 refuses %s', (_name, run) => expect(codeOf(run)).toBe('malformed-base64'));

  it.each(['0', 'AB', 'zz', '0x'])('hexadecimal refuses %s', (text) =>
    expect(codeOf(() => c.fromHex(text))).toBe('malformed-hex'),
  );

  it('UTF-8 is strict, and a byte order mark is kept', () => {
    expect(codeOf(() => c.fromUtf8(Uint8Array.of(0xc3, 0x28)))).toBe('malformed-utf8');
    expect(codeOf(() => c.fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)))).toBe('malformed-utf8');
    expect(c.fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('\ufeffA');
  });

  it('compares bytes', () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => c.equalBytes(a, b) === (Buffer.compare(a, b) === 0)));
    fc.assert(fc.property(bytes, (a) => c.equalBytes(a, a.slice())));
  });
});

describe('hashes', () => {
  it('are what node:crypto makes', () => {
    fc.assert(
      fc.property(bytes, bytes, (key, value) => {
        const hex = createHash('sha256').update(value).digest('hex');
        expect(c.sha256Hex(value)).toBe(hex);
        expect(c.hashOfBytes(value)).toBe(`sha256:${hex}`);
        expect(c.toHex(c.hmacSha256(key, value))).toBe(createHmac('sha256', key).update(value).digest('hex'));
      }),
    );
  });
});

describe('where there is no Node.js', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('hashes and base64 are the same', async () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
    vi.resetModules();
    const plain = await import('../../src/canonical/index.ts');
    expect(plain.sha256).not.toBe(c.sha256);
    fc.assert(
      fc.property(bytes, bytes, (key, value) => {
        expect(plain.sha256(value)).toEqual(c.sha256(value));
        expect(plain.hmacSha256(key, value)).toEqual(c.hmacSha256(key, value));
        expect(plain.toBase64(value)).toBe(c.toBase64(value));
        expect(plain.toBase64Url(value)).toBe(c.toBase64Url(value));
        expect(plain.fromBase64(c.toBase64(value))).toEqual(value);
        expect(plain.fromBase64Url(c.toBase64Url(value))).toEqual(value);
      }),
    );
  });
});
