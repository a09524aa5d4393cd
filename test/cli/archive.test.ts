/** An evidence archive offline: it verifies, and whatever is done to it is found, and named. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COURSES, fill, openLog, type TestLog } from '../evidence/world.ts';
import { bundleOf, keyOptions } from './archives.ts';
import type { Json } from '../../src/contract/index.ts';
import { everyNameTwice } from '../support/json-twice.ts';
import { countersign } from './harness.ts';

const base = mkdtempSync(join(tmpdir(), 'cli-bundle-'));
let world: TestLog;
let keys: string[];
let names: string[];
const whole = join(base, 'whole');
const part = join(base, 'part');
const archive = join(base, 'whole.tar.gz');
const REFUSED = 'act_refused';

interface Found {
  valid: boolean;
  bundles: {
    valid: boolean;
    found: number;
    problems: { file: string; reason: string; detail: string }[];
    records: number;
  }[];
  notProven: string;
}

async function verify(...paths: string[]): Promise<Found & { code: number | null; text: string }> {
  const ran = await countersign(['verify', ...paths, ...keys, '--json']);
  return { ...(JSON.parse(ran.out || '{}') as Found), code: ran.code, text: ran.out + ran.err };
}

function unpackTo(folder: string, bytes: Buffer): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzmf', '-', '-C', folder], { input: bytes });
}

beforeAll(async () => {
  world = await openLog();
  await fill(world, 70);
  await world.seal(REFUSED, COURSES['refused'] ?? []);
  const one = await bundleOf(world, { action: REFUSED });
  const all = await bundleOf(world);
  names = all.names;
  writeFileSync(archive, all.archive);
  writeFileSync(join(base, 'part.tar.gz'), one.archive);
  unpackTo(whole, all.archive);
  unpackTo(part, one.archive);
  keys = keyOptions(world);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe('a bundle as it was exported', () => {
  it.each([['whole.tar.gz'], ['whole'], ['part.tar.gz'], ['part']])('%s is valid', async (name) => {
    const found = await verify(join(base, name));
    expect(found.code, found.text).toBe(0);
    expect(found.bundles).toMatchObject([{ valid: true, found: 0, problems: [] }]);
  });

  it('says in words what is proven and what is not', async () => {
    const { out } = await countersign(['verify', archive, ...keys]);
    expect(out).toContain('nothing was altered, removed or added');
    expect(out).toContain('Not proven: that the log shows everybody the same history');
    const filtered = await countersign(['verify', part, ...keys]);
    expect(filtered.out).toContain('Not proven: that no other action fits the filter');
  });

  it('holds the receipt of a refusal, which verifies like any other', async () => {
    const [receipt] = readdirSync(join(part, 'receipts'));
    const { out, code } = await countersign(['verify', join(part, 'receipts', receipt ?? ''), ...keys]);
    expect(code).toBe(0);
    expect(out).toContain('policy said refuse');
  });

  it('of a whole log is audited as a log', async () => {
    const { code, out } = await countersign(['audit', '--archive', whole, ...keys]);
    expect(code, out).toBe(0);
  });

  it('is checked by sha256sum too', () => {
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: whole });
  });

  it('lies beside other evidence: several at once', async () => {
    const found = await verify(archive, part, join(part, 'export.receipt.json'));
    expect(found.code, found.text).toBe(0);
    expect(found.bundles).toHaveLength(2);
  });
});

describe('keys', () => {
  it('are needed, and those beside the evidence prove nothing', async () => {
    const none = await countersign(['verify', archive]);
    expect(none.code).toBe(2);
    expect(none.err).toContain('prove nothing');
    const { out, code } = await countersign([
      ...[
        'verify',
        whole,
        '--key',
        join(whole, 'keys/record-keys.jwks.json'),
        '--log-key',
        join(whole, 'keys/log.vkey'),
      ],
    ]);
    expect(code).toBe(0);
    expect(out).toContain('lies beside the evidence');
  });

  it('of somebody else prove nothing of it', async () => {
    const stranger = keyOptions(await openLog());
    const { code, out } = await countersign(['verify', part, ...stranger, '--json']);
    expect(code).toBe(3);
    const { bundles } = JSON.parse(out) as Found;
    expect(bundles[0]?.problems.map(({ reason }) => reason)).toContain('note-key-unknown');
  });
});

/** As somebody would who alters a file and does not want it to show. */
function listAnew(folder: string): void {
  const list = (below: string): string[] =>
    readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? list(name) : [name];
    });
  const lines = list('')
    .filter((name) => name !== 'SHA256SUMS')
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}

describe('a bundle that was tampered with', () => {
  /** One file of each kind. */
  const kinds = (): string[] => {
    const first = (start: string): string => names.find((name) => name.startsWith(start)) ?? '';
    return [
      ...names.filter((name) => !/^(receipts|policies|log\/tile)\//.test(name) && name !== 'SHA256SUMS'),
      ...['receipts/', 'policies/', 'log/tile/0/', 'log/tile/entries/'].map(first),
    ];
  };
  const copy = (): string => {
    const folder = mkdtempSync(join(base, 'copy-'));
    cpSync(whole, folder, { recursive: true });
    return folder;
  };
  const blamed = (found: Found): string[] => found.bundles[0]?.problems.map(({ file }) => file) ?? [];

  it(
    'is found in every kind of file: a byte changed, and the list of hashes written anew',
    { timeout: 300_000 },
    async () => {
      for (const name of kinds()) {
        const folder = copy();
        const bytes = readFileSync(join(folder, name));
        const at = Math.floor(bytes.length / 2);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(join(folder, name), bytes);
        listAnew(folder);
        const found = await verify(folder);
        expect(found.code, `${name}: ${found.text}`).toBe(3);
        expect(blamed(found), name).toContain(name);
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('is found when white space is added to any of them', async () => {
    for (const name of kinds().filter((one) => !one.startsWith('log/tile'))) {
      const folder = copy();
      writeFileSync(join(folder, name), `${readFileSync(join(folder, name), 'utf8')} `);
      listAnew(folder);
      const found = await verify(folder);
      expect(found.code, name).toBe(3);
      expect(blamed(found), name).toContain(name);
      rmSync(folder, { recursive: true });
    }
  });

  it('is found when a name stands twice in any of them that is JSON', async () => {
    for (const name of kinds().filter((one) => /\.jsonl?$/.test(one))) {
      const text = readFileSync(join(whole, name), 'utf8');
      const [first = '', ...rest] = name.endsWith('l') ? text.split('\n') : [text];
      const texts = everyNameTwice(JSON.parse(first) as Json);
      // The first, one inside, and the last.
      for (const at of new Set([0, Math.floor(texts.length / 2), texts.length - 1])) {
        const folder = copy();
        writeFileSync(join(folder, name), [texts[at]?.text ?? '', ...rest].join('\n'));
        listAnew(folder);
        const found = await verify(folder);
        expect([name, texts[at]?.pointer, found.code], found.text).toEqual([name, texts[at]?.pointer, 3]);
        expect(blamed(found), name).toContain(name);
        rmSync(folder, { recursive: true });
      }
    }
  });

  it('is found when a file is removed', async () => {
    for (const name of [...kinds(), 'SHA256SUMS']) {
      const folder = copy();
      rmSync(join(folder, name));
      if (name !== 'SHA256SUMS') listAnew(folder);
      const found = await verify(folder);
      expect(found.code, name).toBe(3);
      expect(found.bundles[0]?.problems, name).toContainEqual(
        expect.objectContaining({ file: name, reason: 'file-missing' }),
      );
      rmSync(folder, { recursive: true });
    }
  });

  it.each([['notes.txt'], ['receipts/extra.json'], ['log/tile/0/001'], ['keys/mine.vkey'], ['.hidden']])(
    'is found when %s is added',
    async (name) => {
      const folder = copy();
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), 'x');
      listAnew(folder);
      const found = await verify(folder);
      expect(found.code).toBe(3);
      expect(found.bundles[0]?.problems).toEqual([expect.objectContaining({ file: name, reason: 'file-extra' })]);
    },
  );

  it('is found when a link is in it', async () => {
    const folder = copy();
    symlinkSync('/etc/hostname', join(folder, 'link'));
    expect(blamed(await verify(folder))).toEqual(['link']);
  });

  it.each<[string, (lines: string[]) => string[]]>([
    ['a record with its receipt removed', (lines) => lines.filter((_, i) => i !== 40)],
    ['the last record removed', (lines) => lines.slice(0, -1)],
    ['two records swapped', (lines) => [...lines.slice(0, 5), lines[6] ?? '', lines[5] ?? '', ...lines.slice(7)]],
    ['a record twice', (lines) => [...lines.slice(0, 9), lines[8] ?? '', ...lines.slice(9)]],
    [
      'an end that is none',
      (lines) => lines.map((line, i) => (i === 10 ? line.replace('"last":false', '"last":true') : line)),
    ],
    ['no end', (lines) => lines.map((line) => line.replace('"last":true', '"last":false'))],
    ['none', () => []],
  ])('is found with %s', async (_, change) => {
    const folder = copy();
    const file = join(folder, 'records.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const changed = change(lines);
    for (const line of lines) {
      if (changed.includes(line) || change.length === 0) continue;
      const { hash } = JSON.parse(line) as { hash: string };
      if (!changed.some((other) => other.includes(`"hash":"${hash}"`))) {
        rmSync(join(folder, 'receipts', `${hash.slice('sha256:'.length)}.json`), { force: true });
      }
    }
    writeFileSync(file, changed.map((line) => `${line}\n`).join(''));
    listAnew(folder);
    const found = await verify(folder);
    expect(found.code, found.text).toBe(3);
    expect(blamed(found)).toContain('records.jsonl');
  });
});

describe('an archive from a stranger', () => {
  it.each([
    ['cut off', () => readFileSync(archive).subarray(0, 4000)],
    ['not gzip inside', () => gzipSync(Buffer.alloc(2000, 7))],
    ['empty', () => gzipSync(Buffer.alloc(0))],
  ])('%s is invalid, not a fault', async (_, make) => {
    const file = join(mkdtempSync(join(base, 'strange-')), 'x.tar.gz');
    writeFileSync(file, make());
    const found = await verify(file);
    expect(found.code, found.text).toBe(3);
    expect(found.valid).toBe(false);
  });

  it('writes nothing outside its folder', async () => {
    const folder = mkdtempSync(join(base, 'evil-'));
    writeFileSync(join(folder, 'evil.txt'), 'x');
    const file = join(folder, 'evil.tar.gz');
    execFileSync('tar', ['-czPf', file, '--transform', 's,^,../../,', '-C', folder, 'evil.txt']);
    const found = await verify(file);
    expect(found.code).toBe(3);
    expect(found.bundles[0]?.problems[0]).toMatchObject({ file: '../../evil.txt', reason: 'file-extra' });
  });
});

describe('folders and files that are no bundle', () => {
  it('a folder of receipts: each is verified', async () => {
    const { code, out } = await countersign(['verify', join(part, 'receipts'), ...keys]);
    expect(code, out).toBe(0);
    expect(out).toContain(': valid');
  });

  it.each([['nothing-here'], ['']])('%j is a usage error', async (name) => {
    const folder = mkdtempSync(join(base, 'empty-'));
    const { code, err } = await countersign(['verify', join(folder, name), ...keys]);
    expect(code).toBe(2);
    expect(err).toContain('give');
  });
});
