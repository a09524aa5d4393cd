/** Archives of strangers: bounded in files, names and bytes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpack } from '../../src/archive/check/unpack.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-unpack-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Entry = [header: Partial<Header> & { name: string }, body?: string | Buffer];

async function archiveOf(entries: Iterable<Entry>): Promise<string> {
  const tar = pack();
  for (const [header, body = ''] of entries) tar.entry(header, body);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const file = join(dir, 'it.tar.gz');
  writeFileSync(file, gzipSync(Buffer.concat(chunks)));
  return file;
}

const many = function* (count: number, entry: (n: number) => Entry): Iterable<Entry> {
  for (let n = 0; n < count; n++) yield entry(n);
};

describe('an archive', () => {
  it.each<[what: string, entries: () => Iterable<Entry>, reasons: string[]]>([
    [
      'of evidence',
      () => [
        [{ name: 'records.jsonl' }, '{}'],
        [{ name: 'receipts/a.json' }, '{}'],
      ],
      [],
    ],
    ['of a thousand small files', () => many(1000, (n) => [{ name: `receipts/${n}.json` }, '{}']), []],
    ['of endless empty files', () => many(10_000, (n) => [{ name: `a/${n % 10}/${n}` }]), ['archive-damaged']],
    ['of endless empty folders', () => many(40_000, () => [{ name: 'a', type: 'directory' }]), ['archive-damaged']],
    [
      'that grows without end',
      () => many(3, (n) => [{ name: `zeros-${n}` }, Buffer.alloc(50 * 1024 * 1024)]),
      ['archive-damaged'],
    ],
    ['with a name that leads out', () => [[{ name: '../outside' }, 'x']], ['file-extra']],
    ['with an absolute name', () => [[{ name: '/etc/outside' }, 'x']], ['file-extra']],
    ['with a link', () => [[{ name: 'link', type: 'symlink', linkname: '/etc/passwd' }]], ['file-extra']],
    ['with a device', () => [[{ name: 'device', type: 'character-device' }]], ['file-extra']],
    ['with a name of a thousand characters', () => [[{ name: 'n'.repeat(1000) }, 'x']], ['file-extra']],
    [
      'with a name twice',
      () => [
        [{ name: 'a' }, '1'],
        [{ name: 'a' }, '2'],
      ],
      ['file-extra'],
    ],
    ['with a thousand strange names', () => many(900, (n) => [{ name: `.hidden-${n}` }]), ['file-extra']],
  ])('%s', async (_what, entries, reasons) => {
    const unpacked = await unpack(await archiveOf(entries()));
    try {
      expect([...new Set(unpacked.problems.map(({ reason }) => reason))]).toEqual(reasons);
      expect(unpacked.problems.length).toBeLessThanOrEqual(200);
      for (const { file } of unpacked.problems) expect(file.length).toBeLessThanOrEqual(255);
    } finally {
      await unpacked.close();
    }
    await expect(readdir(unpacked.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
