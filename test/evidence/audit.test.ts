import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/canonical/index.ts';
import { auditLog, describeFinding } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import {
  cosign,
  formatCheckpoint,
  formatNote,
  formatVkey,
  noteKey,
  NOTE_ALGORITHMS,
  parseNote,
  signNote,
} from '../../src/ledger/index.ts';
import { audit, COURSES, fill, nodeKey, openLog, rememberingReader, verdict, type TestLog } from './world.ts';
import { untyped } from '../support/untyped.ts';

async function logOf(size: number): Promise<TestLog> {
  const world = await openLog();
  await fill(world, size);
  return world;
}
const codes = (report: { findings: { code: string }[] }): string[] => report.findings.map(({ code }) => code);

describe('auditLog', () => {
  it.each([1, 2, 255, 256, 257, 512, 700])('finds nothing wrong with a log of %i entries', async (size) => {
    const world = await logOf(size);
    const report = await audit(await world.files(), world.trust);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ clean: true, holds: true, size, records: size, origin: 'countersign/default' });
  });

  it('recognizes every earlier checkpoint', async () => {
    const world = await openLog();
    const earlier: { note: string; from: string }[] = [];
    for (const size of [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 600]) {
      await fill(world, size);
      earlier.push({ note: await world.checkpoint(), from: `size ${size}` });
    }
    const report = await audit(await world.files(), world.trust, { earlier: earlier.toReversed() });
    expect(report.findings).toEqual([]);
    expect(report.continues.map(({ size }) => size).sort((a, b) => a - b)).toEqual([
      1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 600,
    ]);
  });

  it.each([10, 300])('catches an operator who rewrites a log of %i entries and signs it again', async (size) => {
    const world = await logOf(size);
    const before = await world.checkpoint();
    const rewritten = await openLog();
    await rewritten.seal('act_other', COURSES['approved'] ?? []);
    await fill(rewritten, size + 20);
    const trust = {
      recordKeys: [...world.trust.recordKeys, ...rewritten.trust.recordKeys],
      logKeys: world.trust.logKeys,
    };
    const files = await rewritten.files();
    files.set('checkpoint', utf8(await rewritten.log.checkpoint(world.logKey, world.logSign)));
    const report = await audit(files, trust, { earlier: [{ note: before, from: 'my state' }] });
    expect(codes(report)).toEqual(['history-rewritten']);
    expect(report.holds).toBe(false);
    expect(describeFinding(untyped(report.findings[0]))).toContain('my state');
  });

  it('catches a log that was cut back, and one that is another', async () => {
    const world = await logOf(300);
    const files = await world.files();
    await fill(world, 400);
    const later = await world.checkpoint();
    const report = await audit(files, world.trust, { earlier: [{ note: later, from: 'my state' }] });
    expect(codes(report)).toEqual(['log-shrank']);
    const other = noteKey('countersign/other', NOTE_ALGORITHMS.ed25519, nodeKey().raw);
    const foreign = await audit(files, world.trust, {
      earlier: [
        {
          note: formatNote('countersign/other\n1\nAAAA\n', [
            { name: other.name, id: other.id, signature: new Uint8Array(64) },
          ]),
          from: 'x',
        },
      ],
    });
    expect(codes(foreign)).toEqual(['earlier-invalid']);
  });

  it('names a block whose entries and tile were rewritten together', async () => {
    const world = await logOf(600);
    const files = await world.files();
    const other = await logOf(600);
    const theirs = await other.files();
    for (const path of ['tile/entries/001', 'tile/0/001']) files.set(path, theirs.get(path) as Uint8Array);
    const report = await audit(files, world.trust);
    expect(report.findings.find(({ code }) => code === 'entries-rewritten')?.file).toBe('tile/entries/001');
    expect(report.holds).toBe(false);
  });

  it('says that a checkpoint is signed by nobody known, and still looks at what it covers', async () => {
    const world = await logOf(20);
    const stranger = await openLog();
    const report = await audit(await world.files(), { ...world.trust, logKeys: stranger.trust.logKeys });
    expect(codes(report)).toEqual(['checkpoint-invalid']);
    expect(report).toMatchObject({ holds: false, records: 20, clean: false });
  });

  it('says that records are signed by a key that is not trusted', async () => {
    const world = await logOf(3);
    const report = await audit(await world.files(), { ...world.trust, recordKeys: [nodeKey().signer.publicJwk] });
    expect(report.findings.map(({ code, reason }) => [code, reason])).toEqual(
      Array.from({ length: 3 }, () => ['entry-invalid', 'record-key-unknown']),
    );
  });

  it('names the witnesses that it was given', async () => {
    const world = await logOf(3);
    const witness = nodeKey();
    const key = noteKey('witness.test', NOTE_ALGORITHMS.cosignatureV1, witness.raw);
    const { text, signatures } = parseNote(await world.checkpoint());
    const files = await world.files();
    files.set(
      'checkpoint',
      utf8(formatNote(text, [...signatures, await cosign(text, key, 1_700_000_000, witness.sign)])),
    );
    const report = await audit(files, { ...world.trust, witnessKeys: [formatVkey(key)] });
    expect(report).toMatchObject({ clean: true, witnesses: [{ name: 'witness.test', time: 1_700_000_000 }] });
  });

  it('does not look for what a checkpoint only claims', async () => {
    const world = await logOf(3);
    const files = await world.files();
    const huge = formatCheckpoint({
      origin: world.logKey.name,
      size: Number.MAX_SAFE_INTEGER,
      root: new Uint8Array(32),
    });
    files.set('checkpoint', utf8(await signNote(huge, world.logKey, world.logSign)));
    expect(codes(await audit(files, world.trust))).toContain('log-cut-short');
  });

  it('takes any bytes for any file, and only ever finds something', { timeout: 120_000 }, async () => {
    const world = await logOf(270);
    const sealed = await world.files();
    const readEntry = rememberingReader(world.trust);
    const paths = [...sealed.keys()];
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.uint8Array({ minLength: 8000, maxLength: 9000 }),
      fc.constant(utf8('countersign/default\n270\n')),
      fc.integer({ min: 0, max: 10_000 }).chain((at) =>
        fc.constantFrom(...paths).map((path) => {
          const bytes = Uint8Array.from(sealed.get(path) as Uint8Array);
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
          return bytes;
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.option(junk, { nil: null }), async (path, bytes) => {
        const files = new Map(sealed);
        if (bytes === null) files.delete(path);
        else files.set(path, bytes);
        const report = await audit(files, world.trust, { readEntry });
        expect(report.clean).toBe(bytes !== null && Buffer.from(bytes).equals(sealed.get(path) as Uint8Array));
      }),
      { numRuns: 120 },
    );
  });

  it('takes any entry', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(utf8)), { minLength: 1, maxLength: 20 }),
        async (entries) => {
          const world = await openLog();
          world.log.append(...entries);
          const report = await audit(await world.files(), world.trust);
          expect(report.findings.map(({ code }) => code)).toEqual(entries.map(() => 'entry-invalid'));
          expect(report.holds).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('throws only for keys that are none, and what cannot be read', async () => {
    const world = await openLog();
    await world.seal('act_1', [verdict('refuse')]);
    const trust = { ...world.trust, recordKeys: [{}] };
    await expect(audit(await world.files(), trust)).rejects.toMatchObject({ reason: 'record-key-malformed' });
    const files = (): Promise<never> => Promise.reject(new Error('no network'));
    await expect(auditLog({ files, trust: world.trust, verify: nodeVerify })).rejects.toThrow('no network');
  });
});
