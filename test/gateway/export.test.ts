/** Archives and spools: made no faster than they are read, and cleaned up when nobody reads on. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { Spool } from '../../src/archive/spool.ts';
import { tarball, type ArchiveFile } from '../../src/archive/make/tarball.ts';
import { untyped } from '../support/untyped.ts';

const MTIME = new Date('2026-11-21T12:00:00.000Z');

describe('an archive', () => {
  /** Files without end; says how many were asked for, and whether they were let go. */
  function endless() {
    const seen = { files: 0, closed: false };
    async function* files(): AsyncGenerator<ArchiveFile> {
      try {
        for (;;) {
          seen.files += 1;
          const bytes = Buffer.alloc(64 * 1024, seen.files);
          yield { name: `files/${seen.files}`, size: bytes.length, chunks: () => [bytes] };
          await turn();
        }
      } finally {
        seen.closed = true;
      }
    }
    return { seen, files: files() };
  }

  it('is made no further than it is read', async () => {
    const { seen, files } = endless();
    const reading = tarball(files, MTIME);
    await reading.next();
    for (let i = 0; i < 500; i++) await turn();
    expect(seen.files).toBeLessThan(5);
    for (let i = 0; i < 200; i++) await reading.next();
    expect(seen.files).toBeGreaterThan(5);
    await reading.return(undefined);
    expect(seen.closed).toBe(true);
  });

  it('lets go of its files when its stream is destroyed', async () => {
    const { seen, files } = endless();
    const stream = Readable.from(tarball(files, MTIME));
    for await (const chunk of stream) {
      expect(chunk).toBeInstanceOf(Uint8Array);
      break;
    }
    for (let i = 0; i < 100 && !seen.closed; i++) await turn();
    expect(seen.closed).toBe(true);
  });

  it('fails when a file does, and never ends as if it were whole', async () => {
    async function* files(): AsyncGenerator<ArchiveFile> {
      yield { name: 'one', size: 3, chunks: () => [Buffer.from('one')] };
      await turn();
      throw new Error('the database went away');
    }
    await expect(buffer(Readable.from(tarball(files(), MTIME)))).rejects.toThrow('the database went away');
  });

  it('holds every file as it was', async () => {
    const contents = new Map(
      [0, 1, 511, 512, 513, 300_000].map((size) => [`d/${size}`, Buffer.alloc(size, 65)] as const),
    );
    async function* files(): AsyncGenerator<ArchiveFile> {
      for (const [name, bytes] of contents) {
        await turn();
        yield { name, size: bytes.length, chunks: () => [bytes.subarray(0, 100), bytes.subarray(100)] };
      }
    }
    const read = new Map<string, Buffer>();
    const archive = Readable.from(tarball(files(), MTIME)).pipe(extract());
    for await (const entry of archive) {
      expect(entry.header.mtime).toEqual(MTIME);
      read.set(entry.header.name, await buffer(untyped<Readable>(entry)));
    }
    expect(read).toEqual(contents);
  });
});

describe('a spool', () => {
  it('gives back what was written, also while it is written', async () => {
    const spool = await Spool.open();
    const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} ${'ü'.repeat(i % 200)}\n`);
    const places: { offset: number; length: number }[] = [];
    for (const line of lines) {
      places.push({ offset: spool.size, length: Buffer.byteLength(line) });
      await spool.write(line);
    }
    const reads = places.map(({ offset, length }) => spool.read(offset, length));
    expect((await Promise.all(reads)).map((bytes) => Buffer.from(bytes).toString())).toEqual(lines);
    await spool.write('end');
    expect((await buffer(Readable.from(spool.chunks()))).toString()).toBe(`${lines.join('')}end`);
    await spool.close();
  });
});
