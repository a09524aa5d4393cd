import fc from 'fast-check';
import { sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromBase64, toHex } from '../../src/canonical/index.ts';
import {
  EvidenceError,
  formatCheckpoint,
  formatNote,
  formatVkey,
  NOTE_ALGORITHMS,
  NOTE_MAX_SIGNATURES,
  noteKey,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signNote,
} from '../../src/ledger/index.ts';
import { noteSigner } from '../sealing/fixtures.ts';
import vectors from '../vectors/notes.json' with { type: 'json' };
import { keyPair } from '../support/key-pair.ts';

/** The example of golang.org/x/mod/sumdb/note. */
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_NOTE =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n\n" +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
/** A second signer, from the same place; nobody knows its key here. */
const GO_SECOND =
  '\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

async function reasonOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'no error';
  } catch (error) {
    if (error instanceof EvidenceError) return error.reason;
    throw error;
  }
}

describe("Go's own note", () => {
  it('opens under its key, and with signatures of others beside it', async () => {
    for (const note of [GO_NOTE, GO_NOTE + GO_SECOND]) {
      const { text, signatures } = await openNote(note, [parseVkey(GO_VKEY)]);
      expect(text).toMatch(/^If you think[^]*problem is\.\n$/);
      expect(signatures.map(({ key }) => key.name)).toEqual(['PeterNeumann']);
    }
  });
  it('has a key that reads and writes the same', () => expect(formatVkey(parseVkey(GO_VKEY))).toBe(GO_VKEY));
  it('does not open when changed, or under another key', async () => {
    const key = parseVkey(GO_VKEY);
    expect(await reasonOf(() => openNote(GO_NOTE.replace('answer', 'answers'), [key]))).toBe('note-signature-wrong');
    expect(await reasonOf(() => openNote(GO_NOTE, [noteSigner('PeterNeumann').key]))).toBe('note-key-unknown');
    expect(await reasonOf(() => openNote(GO_NOTE, []))).toBe('note-key-unknown');
  });
});

describe('vectors', () => {
  const keys = [vectors.logKey, vectors.witnessKey].map(parseVkey);
  it('the checkpoint opens', async () => {
    const opened = await openCheckpoint(vectors.checkpoint.note, keys);
    expect({ ...opened, root: toHex(opened.root) }).toMatchObject({
      origin: vectors.checkpoint.origin,
      size: vectors.checkpoint.size,
      root: vectors.checkpoint.root,
      cosignatures: [],
    });
  });
  it('the cosigned checkpoint opens, and says who saw it when', async () => {
    const { cosignatures } = await openCheckpoint(vectors.cosigned.note, keys);
    expect(cosignatures.map(({ key, time }) => ({ witness: key.name, time }))).toEqual([
      { witness: vectors.cosigned.witness, time: vectors.cosigned.time },
    ]);
  });
  it.each(vectors.refused)('$name: $reason', async ({ note, reason }) => {
    expect(await reasonOf(() => openCheckpoint(note, keys))).toBe(reason);
  });
  it('a witness alone does not make a checkpoint', async () => {
    expect(await reasonOf(() => openCheckpoint(vectors.cosigned.note, keys.slice(1)))).toBe('note-key-unknown');
  });
});

describe('keys', () => {
  const bytes = new Uint8Array(32);
  it.each([
    ['no id', 'name+AbaB'],
    ['another id', GO_VKEY.replace('c74f20a3', 'c74f20a4')],
    ['another name', GO_VKEY.replace('PeterNeumann', 'PeterNeumanm')],
    ['an upper-case id', GO_VKEY.replace('c74f20a3', 'C74F20A3')],
    ['an unknown algorithm', GO_VKEY.replace('+ARpc', '+Axpc')],
    ['a key cut short', GO_VKEY.slice(0, -4)],
    ['no base64', 'name+00000000+!!'],
    ['nothing', ''],
    ['a very long name', `${'a'.repeat(3000)}+00000000+AQ==`],
  ])('refuse %s', async (_name, vkey) => expect(await reasonOf(() => parseVkey(vkey))).toBe('note-key-malformed'));
  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb', 'a\u0085b', '\ud800'])(
    'refuse the name %j',
    async (name) =>
      expect(await reasonOf(() => noteKey(name, NOTE_ALGORITHMS.ed25519, bytes))).toBe('note-key-malformed'),
  );
  it('differ by name and algorithm', () => {
    const { ed25519, cosignatureV1 } = NOTE_ALGORITHMS;
    const ids = [noteKey('a', ed25519, bytes), noteKey('b', ed25519, bytes), noteKey('a', cosignatureV1, bytes)];
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3);
  });
});

describe('notes', () => {
  const { key, sign: signer } = noteSigner('countersign/default');
  it('may hold blank lines; the last one ends the text', async () => {
    const note = await signNote('a\n\nb\n', key, signer);
    expect((await openNote(note, [key])).text).toBe('a\n\nb\n');
  });
  it('a known key counts once', async () => {
    const note = await signNote('a\n', key, signer);
    const line = note.split('\n').at(-2) ?? '';
    expect((await openNote(`${note}${line}\n`, [key])).signatures).toHaveLength(1);
  });
  it('with text that does not end in a newline is not written', async () => {
    expect(await reasonOf(() => signNote('a', key, signer))).toBe('note-malformed');
  });
  it('carry a limited number of signatures', async () => {
    const line = `${vectors.checkpoint.note.split('\n').at(-2) ?? ''}\n`;
    const many = (count: number): string => `a\n\n${line.repeat(count)}`;
    expect(parseNote(many(NOTE_MAX_SIGNATURES)).signatures).toHaveLength(NOTE_MAX_SIGNATURES);
    expect(await reasonOf(() => parseNote(many(NOTE_MAX_SIGNATURES + 1)))).toBe('note-malformed');
    expect(await reasonOf(() => parseNote(`a\n\n${line.repeat(20_000)}`))).toBe('note-malformed');
  });
  it('verify with another implementation of Ed25519', async () => {
    const pair = keyPair('ed25519');
    const raw = fromBase64(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('base64'));
    const own = noteKey('log.example', NOTE_ALGORITHMS.ed25519, raw);
    const note = await signNote('a\n', own, (message) => Promise.resolve(sign(null, message, pair.privateKey)));
    expect((await openNote(note, [own])).text).toBe('a\n');
    const withNode = (_key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
      verify(null, message, pair.publicKey, signature);
    expect((await openNote(note, [own], withNode)).text).toBe('a\n');
  });
  it('any text reads back as itself, or is refused', () => {
    const unit = fc.constantFrom('\n', '\n\n', '\u2014 ', 'a', ' ', 'AAAAAAA=', 'QUJDREVG', '\r', '\u00a0', '+');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (note) => {
        try {
          const { text, signatures } = parseNote(note);
          expect(formatNote(text, signatures)).toBe(note);
        } catch (error) {
          expect(error).toMatchObject({ reason: 'note-malformed' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('checkpoints', () => {
  const root = new Uint8Array(32);
  const zeros = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  it('read back', () => {
    const checkpoint = { origin: 'a/b', size: 0, root, extensions: ['x', 'y z'] };
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
    expect(formatCheckpoint({ origin: 'a/b', size: 20_852_163, root })).toBe(`a/b\n20852163\n${zeros}\n`);
  });
  it.each([
    ['two lines', 'a\n1\n'],
    ['no last newline', `a\n1\n${zeros}`],
    ['a blank line', `a\n1\n${zeros}\n\n`],
    ['no origin', `\n1\n${zeros}\n`],
    ['a leading zero', `a\n01\n${zeros}\n`],
    ['a sign', `a\n+1\n${zeros}\n`],
    ['an exponent', `a\n1e3\n${zeros}\n`],
    ['a size beyond exact numbers', `a\n9007199254740992\n${zeros}\n`],
    ['a very long size', `a\n${'9'.repeat(500)}\n${zeros}\n`],
    ['a short root', 'a\n1\nAAAA\n'],
    ['a root that is not base64', 'a\n1\n****\n'],
  ])('refuse %s', async (_name, text) =>
    expect(await reasonOf(() => parseCheckpoint(text))).toBe('checkpoint-malformed'),
  );
  it('of one log do not pass under the name of another', async () => {
    const { key, sign: signer } = noteSigner('countersign/default');
    const note = await signNote(formatCheckpoint({ origin: 'countersign/other', size: 0, root }), key, signer);
    expect(await reasonOf(() => openCheckpoint(note, [key]))).toBe('origin-differs');
  });
});
