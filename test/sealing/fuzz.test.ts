/** Evidence from strangers: valid, and then it says what the true one says, or a typed error. Never an exception, never a hang. */
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from '../../src/canonical/index.ts';
import type { Receipt } from '../../src/contract/index.ts';
import {
  cosign,
  decodeEntries,
  encodeEntries,
  formatNote,
  formatVkey,
  inclusionProof,
  leafHash,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVkey,
  tileHashes,
  tileHashReader,
  verifyInclusion,
} from '../../src/ledger/index.ts';
import {
  discloseRequest,
  encodeRecord,
  followKeys,
  makeOpening,
  readPublicJwk,
  valueAt,
  verifyEnvelope,
  verifyOpening,
  verifyReceipt,
} from '../../src/sealing/index.ts';
import { countersign } from '../cli/harness.ts';
import { MemoryLog } from '../ledger/memory-log.ts';
import { actionKey, chain, ed25519Signer, noteSigner, request, sealedWorld, verdictRecord } from './fixtures.ts';
import { damaged, hostile, misspelt, mutated, parsed } from './hostile.ts';
import { reasonOf } from './reason.ts';

const { receipts, trust } = await sealedWorld(chain());
const receipt = receipts[1] as Receipt;
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.json(), fc.constant('A'.repeat(300_000)));

/** Runs `read`; it may answer what `check` accepts, or refuse with a reason. */
async function judged<T>(read: () => T | Promise<T>, check: (value: T) => void = () => undefined): Promise<void> {
  const reason = await reasonOf(async () => check(await read()));
  expect(reason).toMatch(/^[a-z-]+$/);
}

describe('an envelope', () => {
  const { envelope } = receipt;
  const keys = trust.recordKeys.map((key) => readPublicJwk(key)).filter((key) => key !== null);
  const check = (value: unknown): Promise<void> =>
    judged(
      () => verifyEnvelope(value, keys),
      (record) => expect(record).toEqual(chain()[1]),
    );
  it('with a character changed', () =>
    fc.assert(
      fc.asyncProperty(misspelt(JSON.stringify(envelope)), (text) => check(parsed(text))),
      { numRuns: 500 },
    ));
  it('with any part replaced or taken away, or of any kind at all', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), hostile, fc.constantFrom('replace', 'remove', 'instead'), (at, part, how) =>
        check(how === 'instead' ? part : mutated(envelope, at, part, how === 'remove')),
      ),
      { numRuns: 700 },
    ));
});

describe('a note', () => {
  const log = noteSigner('countersign/default');
  const witness = noteSigner('witness.example/w1', 'witness');
  const { checkpoint } = receipt.log;
  it('with a character changed, put in or taken out is the true one or refused', async () => {
    const { text, signatures } = parseNote(checkpoint);
    const cosigned = formatNote(text, [...signatures, await cosign(text, witness.key, 1_795_255_200, witness.sign)]);
    const truth = await openCheckpoint(cosigned, [log.key]);
    await fc.assert(
      fc.asyncProperty(misspelt(cosigned), async (note) => {
        await judged(
          () => openCheckpoint(note, [log.key]),
          ({ origin, size, root }) =>
            expect({ origin, size, root }).toEqual({ origin: truth.origin, size: truth.size, root: truth.root }),
        );
        await judged(() => openNote(note, [log.key, witness.key]));
      }),
      { numRuns: 700 },
    );
  });
  it('of any text', () =>
    fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        await judged(() => openNote(text, [log.key]));
        await judged(() => parseCheckpoint(text));
        await judged(() => parseVkey(text));
      }),
      { numRuns: 500 },
    ));
});

describe('a tile', () => {
  const log = new MemoryLog();
  log.appendAll(Array.from({ length: 700 }, (_, i) => utf8(`entry ${i}`)));
  it('of any bytes leads to a proof that does not hold, or is refused', () =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 699 }), fc.nat({ max: 2 }), fc.gen(), async (index, which, pick) => {
        let read = 0;
        const broken = tileHashReader(async (tile) => {
          const bytes = await log.readTile(tile);
          return read++ === which ? pick(() => damaged(bytes)) : bytes;
        }, log.size);
        await judged(
          () => inclusionProof(index, log.size, broken),
          (proof) => {
            const own = leafHash(log.entries[index] as Uint8Array);
            const truth = verifyInclusion(own, index, log.size, proof, log.root);
            expect(typeof truth).toBe('boolean');
          },
        );
      }),
      { numRuns: 300 },
    ));
  it('and a bundle of entries, of any bytes, reads back as itself or is refused', async () => {
    const bundle = encodeEntries(log.entries.slice(0, 20));
    const bytes = fc.oneof(damaged(bundle), fc.uint8Array({ maxLength: 2000 }), fc.constant(new Uint8Array(70_000)));
    await fc.assert(
      fc.asyncProperty(bytes, async (some) => {
        await judged(
          () => decodeEntries(some),
          (entries) => expect(encodeEntries(entries)).toEqual(some),
        );
        await judged(() => tileHashes(some));
      }),
      { numRuns: 500 },
    );
  });
});

describe('keys', () => {
  const jwk = ed25519Signer('record').publicJwk;
  it('of any kind are a key or none', () =>
    fc.assert(
      fc.property(fc.nat(), hostile, fc.constantFrom('replace', 'remove', 'instead'), (at, part, how) => {
        const read = readPublicJwk(how === 'instead' ? part : mutated(jwk, at, part, how === 'remove'));
        if (read !== null) expect(readPublicJwk(read)).toEqual(read);
      }),
      { numRuns: 700 },
    ));
  it('that a verifier was given wrong refuse the receipt, and vouch for nothing else', () =>
    fc.assert(
      fc.asyncProperty(hostile, fc.oneof(misspelt(trust.logKeys[0] ?? ''), anyText), (key, vkey) =>
        judged(
          () => verifyReceipt(receipt, { recordKeys: [key], logKeys: [vkey] }),
          () => expect(formatVkey(parseVkey(vkey))).toBe(trust.logKeys[0]),
        ),
      ),
      { numRuns: 300 },
    ));
  it('and their histories, of any kind', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), hostile, fc.constantFrom('replace', 'remove', 'instead'), (at, part, how) => {
        const history = { kind: 'countersign.keys/v1', origin: 'countersign/default', keys: [jwk], receipts };
        const value = how === 'instead' ? part : mutated(history, at, part, how === 'remove');
        return judged(() => followKeys(trust, value));
      }),
      { numRuns: 200 },
    ));
});

describe('an opening', () => {
  const { hash } = encodeRecord(verdictRecord);
  const path = Object.keys(verdictRecord.commitments)[0] ?? '';
  it('of any kind opens nothing', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), hostile, fc.constantFrom('replace', 'remove', 'instead'), (at, part, how) => {
        const lie = makeOpening(verdictRecord, hash, path, 'a guess', actionKey);
        const value = how === 'instead' ? part : mutated(lie, at, part, how === 'remove');
        return judged(
          () => verifyOpening(value, verdictRecord, hash),
          () => expect.unreachable('nothing was opened'),
        );
      }),
      { numRuns: 500 },
    ));
  it('of the content opens it, whatever salt or value of it is changed does not', async () => {
    const shown = discloseRequest(request, [], actionKey);
    const record = { ...verdictRecord, ...shown };
    for (const at of Object.keys(shown.commitments)) {
      const opening = makeOpening(record, hash, at, valueAt(request, at) ?? null, actionKey);
      expect(verifyOpening(opening, record, hash)).toEqual(opening);
    }
    const truth = makeOpening(record, hash, 'content', request.content ?? null, actionKey);
    await fc.assert(
      fc.asyncProperty(damaged(fromBase64(truth.salt)), async (salt) => {
        if (toBase64(salt) === truth.salt) return;
        const reason = await reasonOf(() => verifyOpening({ ...truth, salt: toBase64(salt) }, record, hash));
        expect(reason).toBe('commitment-wrong');
      }),
      { numRuns: 200 },
    );
  });
});

describe('files on the command line', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'countersign-fuzz-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  it('are valid (0), invalid (3) or not understood (2), whatever they hold: never a fault (1)', async () => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const truths = {
      receipt: JSON.stringify(receipt),
      keys: JSON.stringify({ keys: trust.recordKeys }),
      vkey: `${trust.logKeys[0]}\n`,
      opening: JSON.stringify(makeOpening(verdictRecord, encodeRecord(verdictRecord).hash, 'params', {}, actionKey)),
    };
    const names = Object.keys(truths) as (keyof typeof truths)[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.gen(), async (victim, pick) => {
        const paths = names.map((name) =>
          file(name, name === victim ? pick(() => fc.oneof(misspelt(truths[name]), anyText)) : truths[name]),
        );
        const [one = '', keys = '', vkey = '', opening = ''] = paths;
        const ran = await countersign(['verify', one, '--key', keys, '--log-key', vkey, '--open', opening, '--json']);
        expect([0, 2, 3], `${victim}: ${ran.err}`).toContain(ran.code);
      }),
      { numRuns: 300 },
    );
  });
});
