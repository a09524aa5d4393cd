import { createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/canonical/index.ts';
import { fromDer, toDer } from '../../src/sealing/index.ts';
import { keyPair } from '../support/key-pair.ts';

const { privateKey } = keyPair('ec');
const key = createPublicKey(privateKey);
const low = `${'00'.repeat(31)}01`;

describe('an ECDSA signature', () => {
  it('is the same in DER and as r || s, by node:crypto', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (message) => {
        const der = sign('sha256', message, privateKey);
        const raw = fromDer(der) ?? new Uint8Array(0);
        expect(Buffer.from(toDer(raw))).toEqual(der);
        expect(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
      }),
    );
  });

  it('comes back from DER, whatever its numbers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
        expect(fromDer(toDer(raw))).toEqual(raw);
      }),
    );
  });

  it.each([
    ['small numbers', '3006020101020101', low + low],
    ['nothing', '', null],
    ['a cut one', '30060201010201', null],
    ['bytes behind it', '300602010102010100', null],
    ['a wrong length', '3005020101020101', null],
    ['a long length', '308106020101020101', null],
    ['another tag', '3106020101020101', null],
    ['a number that is no number', '3006030101020101', null],
    ['one number', '3003020101', null],
    ['three numbers', '3009020101020101020101', null],
    ['an empty number', '30050200020101', null],
    ['a negative number', '3006020181020101', null],
    ['a zero too many in front', '300702020001020101', null],
    ['33 bytes', `3026022101${'00'.repeat(32)}020101`, null],
  ])('is read once or not at all: %s', (_name, der, raw) => {
    const read = fromDer(fromHex(der));
    expect(read === null ? null : toHex(read)).toBe(raw);
  });

  it('is never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const raw = fromDer(bytes);
        if (raw !== null) expect(toDer(raw)).toEqual(bytes);
      }),
    );
  });
});
