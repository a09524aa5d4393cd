import fc from 'fast-check';
import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseNote, formatNote, formatVkey, cosign } from '../../src/ledger/index.ts';
import type { Receipt } from '../../src/contract/index.ts';
import { encodeRecord, verifyReceipt, type Trust, type VerifySignature } from '../../src/sealing/index.ts';
import vectors from '../vectors/receipts.json' with { type: 'json' };
import { chain, noteSigner, sealedWorld } from './fixtures.ts';
import { hostile, mutated, parsed } from './hostile.ts';
import { reasonOf } from './reason.ts';

/** What an edge hands in: the platform's own verifier. */
const platform: VerifySignature = (jwk, message, signature) => {
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  return jwk.alg === 'EdDSA'
    ? nodeVerify(null, message, key, signature)
    : nodeVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
};

const { receipts, trust } = await sealedWorld(chain());
const receipt = receipts[1] as Receipt;

describe('vectors', () => {
  it.each(vectors.valid)('valid: $name', async ({ trust, receipts }) => {
    for (const one of receipts) {
      const verified = await verifyReceipt(one, trust);
      expect(verified).toMatchObject({ origin: 'countersign/default', index: one.log.index });
      expect(encodeRecord(verified.record).hash).toBe(verified.recordHash);
      expect(await verifyReceipt(one, trust, { verify: platform })).toEqual(verified);
    }
  });
  it.each(vectors.refused)('refused: $name, $reason', async ({ receipt, trust, reason }) => {
    expect(await reasonOf(() => verifyReceipt(receipt, trust as Trust))).toBe(reason);
  });
});

describe('a receipt', () => {
  it('gives the record, its hash, and where it stands', async () => {
    const verified = await verifyReceipt(receipt, trust);
    expect(verified.record).toEqual(chain()[1]);
    expect(verified).toMatchObject({ index: 4, size: 8, witnesses: [] });
  });
  it('names the witnesses that saw its checkpoint', async () => {
    const witness = noteSigner('witness.example/w1', 'witness');
    const { text, signatures } = parseNote(receipt.log.checkpoint);
    const seen = await cosign(text, witness.key, 1_795_255_200, witness.sign);
    const cosigned = { ...receipt, log: { ...receipt.log, checkpoint: formatNote(text, [...signatures, seen]) } };
    const asked = { ...trust, witnessKeys: [formatVkey(witness.key)] };
    expect((await verifyReceipt(cosigned, asked)).witnesses).toEqual([
      { name: 'witness.example/w1', time: 1_795_255_200 },
    ]);
    expect((await verifyReceipt(cosigned, trust)).witnesses).toEqual([]);
  });
  it('of one log does not verify with a key of a log whose name begins alike', async () => {
    const note = noteSigner('countersign/default-2');
    expect(await reasonOf(() => verifyReceipt(receipt, { ...trust, logKeys: [formatVkey(note.key)] }))).toBe(
      'note-key-unknown',
    );
  });
  it.each<[string, Trust, string]>([
    ['no keys', { recordKeys: [], logKeys: [] }, 'note-key-unknown'],
    ['no record keys', { ...trust, recordKeys: [] }, 'record-key-unknown'],
    ['a record key that is none', { ...trust, recordKeys: [{ kty: 'oct' }] }, 'record-key-malformed'],
    ['a log key that is none', { ...trust, logKeys: ['x'] }, 'note-key-malformed'],
  ])('with %s is refused: %s', async (_name, keys, reason) => {
    expect(await reasonOf(() => verifyReceipt(receipt, keys))).toBe(reason);
  });
});

describe('whatever comes as a receipt', () => {
  /** Valid, and then it says what the true one says; or an EvidenceError. Everything else fails the test. */
  async function judged(value: unknown): Promise<void> {
    const reason = await reasonOf(async () => {
      const verified = await verifyReceipt(value, trust, { verify: platform });
      expect(verified).toEqual(await verifyReceipt(receipt, trust, { verify: platform }));
    });
    expect(reason).toMatch(/^[a-z-]+$/);
  }

  const text = JSON.stringify(receipt);
  it('with a byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length - 1 }), fc.integer({ min: 0, max: 126 }), (at, code) =>
        judged(parsed(text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1))),
      ),
      { numRuns: 1000 },
    );
  });
  it('with a bit of a base64 field changed', async () => {
    const names = ['payload', 'sig', 'checkpoint', 'inclusion'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat({ max: 4000 }),
        fc.constantFrom(...'AZaz09+/='),
        (name, offset, letter) => {
          const start = text.indexOf(`"${name}"`) + name.length + 5;
          const at = Math.min(start + offset, text.length - 1);
          return judged(parsed(text.slice(0, at) + letter + text.slice(at + 1)));
        },
      ),
      { numRuns: 500 },
    );
  });
  it('cut short', async () => {
    await fc.assert(fc.asyncProperty(fc.nat({ max: text.length }), (end) => judged(parsed(text.slice(0, end)))));
  });
  it('with any part replaced or taken away', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), hostile, fc.boolean(), (at, part, remove) =>
        judged(mutated(receipt, at, part, remove)),
      ),
      { numRuns: 1500 },
    );
  });
  it('with parts of other receipts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.nat({ max: 4 }), async (a, b, c) => {
        const [first, second, third] = [a, b, c].map((i) => receipts[i] as Receipt) as [Receipt, Receipt, Receipt];
        const mixed = {
          ...first,
          log: { ...second.log, inclusion: third.log.inclusion },
        };
        const reason = await reasonOf(() => verifyReceipt(mixed, trust, { verify: platform }));
        const same = JSON.stringify(mixed) === JSON.stringify(first);
        expect(reason).toBe(same ? 'valid' : 'inclusion-wrong');
      }),
    );
  });
  it('of any kind at all', async () => {
    await fc.assert(fc.asyncProperty(hostile, judged), { numRuns: 500 });
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new TypeError('trap');
        },
      },
    );
    const getter = {
      get kind(): string {
        throw new RangeError('trap');
      },
    };
    const cyclic: Record<string, unknown> = { ...receipt };
    cyclic['log'] = cyclic;
    for (const value of [trap, getter, cyclic]) await judged(value);
  });
  it('that changes while it is read is what it was at first', async () => {
    let reads = 0;
    const shifty = {
      ...receipt,
      get kind() {
        return reads++ === 0 ? receipt.kind : 'x';
      },
    };
    expect(await reasonOf(() => verifyReceipt(shifty, trust))).toBe('valid');
    expect(reads).toBe(1);
  });
});
