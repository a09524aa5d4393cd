import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromUtf8, toBase64, utf8 } from '../../src/canonical/index.ts';
import {
  decodeEntries,
  ENTRY_MAX_BYTES,
  encodeEntries,
  inclusionProof,
  leafHash,
  parseTilePath,
  tileHashes,
  tileHashReader,
  tilePath,
  tileWidth,
  verifyInclusion,
  type Tile,
} from '../../src/ledger/index.ts';
import vectors from '../vectors/tiles.json' with { type: 'json' };
import { MemoryLog } from './memory-log.ts';

describe('paths', () => {
  it.each(vectors.paths)('$path', ({ tile, path }) => {
    expect(tilePath(tile as Tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });
  it.each(vectors.refused)('%j names no tile', (path) => expect(parseTilePath(path)).toBeNull());
  it('the example of the specification', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
  });
  it('read back, and one tile has one path', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 }));
    const tile = fc.record({ level, index: fc.nat({ max: 2 ** 45 }), width: fc.integer({ min: 1, max: 256 }) });
    fc.assert(
      fc.property(tile, (one) => {
        expect(parseTilePath(tilePath(one))).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('tile/', '0', '1', 'x', '/', '000', '.p/', 'entries') }),
        (path) => {
          const read = parseTilePath(path);
          expect(read === null ? path : tilePath(read)).toBe(path);
        },
      ),
    );
  });
});

describe('widths', () => {
  it('are those of the specification for 70,000 entries', () => {
    const at = (level: number, index: number): number => tileWidth(level, index, 70_000);
    expect([at(0, 272), at(0, 273), at(0, 274)]).toEqual([256, 112, 0]);
    expect([at(1, 0), at(1, 1), at(1, 2)]).toEqual([256, 17, 0]);
    expect([at(2, 0), at(2, 1), at(3, 0)]).toEqual([1, 0, 0]);
    expect([tileWidth(0, 0, 256), tileWidth(1, 0, 256)]).toEqual([256, 1]);
  });
});

describe('the reader', () => {
  const log = new MemoryLog();
  log.appendAll(Array.from({ length: 70_000 }, (_, i) => utf8(`entry ${i}`)));

  it('proves from tiles, and reads each of few tiles once', async () => {
    for (const [index, size] of [
      [0, 70_000],
      [69_999, 70_000],
      [65_535, 65_536],
      [40_000, 65_537],
      [12_345, 70_000],
    ] as const) {
      log.reads.length = 0;
      const proof = await inclusionProof(index, size, log.reader(size));
      expect(new Set(log.reads).size).toBe(log.reads.length);
      expect(log.reads.length).toBeLessThanOrEqual(6);
      const part = new MemoryLog();
      if (size !== log.size) part.appendAll(log.entries.slice(0, size));
      const root = size === log.size ? log.root : part.root;
      expect(verifyInclusion(leafHash(log.entries[index] as Uint8Array), index, size, proof, root)).toBe(true);
    }
  });
  it('takes a full tile for a partial one', async () => {
    const wide = tileHashReader((tile) => log.readTile({ ...tile, width: 256 }), 300);
    expect(await wide(0, 299)).toEqual(await log.reader(300)(0, 299));
  });
  it.each([
    ['short', () => new Uint8Array(32)],
    ['torn', () => new Uint8Array(256 * 32 - 1)],
    ['too long', () => new Uint8Array(257 * 32)],
    ['empty', () => new Uint8Array(0)],
  ])('refuses a tile that is %s', async (_name, tile) => {
    const read = tileHashReader(() => Promise.resolve(tile()), 1000);
    await expect(read(0, 5)).rejects.toMatchObject({ reason: 'tile-malformed' });
  });
  it('refuses a subtree that is not complete', async () => {
    await expect(log.reader(300)(8, 1)).rejects.toMatchObject({ reason: 'tile-malformed' });
    await expect(log.reader(300)(0, 300)).rejects.toMatchObject({ reason: 'tile-malformed' });
  });
  it('tells a failed read to whoever asked', async () => {
    await expect(tileHashReader(() => Promise.reject(new Error('disk')), 10)(0, 0)).rejects.toThrow('disk');
  });
  it('hashes of a tile are 1 to 256', () => {
    expect(tileHashes(new Uint8Array(64))).toHaveLength(2);
    for (const length of [0, 31, 257 * 32]) {
      expect(() => tileHashes(new Uint8Array(length))).toThrow(expect.objectContaining({ reason: 'tile-malformed' }));
    }
  });
});

describe('entry bundles', () => {
  it('vector', () => {
    expect(toBase64(encodeEntries(vectors.bundle.entries.map(utf8)))).toBe(vectors.bundle.base64);
    expect(decodeEntries(fromBase64(vectors.bundle.base64)).map(fromUtf8)).toEqual(vectors.bundle.entries);
  });
  it('read back, up to the longest entry', () => {
    const entries = [new Uint8Array(0), new Uint8Array(ENTRY_MAX_BYTES).fill(7), utf8('x')];
    expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
    expect(() => encodeEntries([new Uint8Array(ENTRY_MAX_BYTES + 1)])).toThrow(
      expect.objectContaining({ reason: 'entries-malformed' }),
    );
  });
  it('any bytes are a bundle of the same bytes, or refused', () => {
    const near = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(near, (bytes) => {
        try {
          expect(encodeEntries(decodeEntries(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toMatchObject({ reason: 'entries-malformed' });
        }
      }),
      { numRuns: 500 },
    );
  });
  it('hold at most 256 entries', () => {
    expect(decodeEntries(new Uint8Array(512))).toHaveLength(256);
    expect(() => decodeEntries(new Uint8Array(514))).toThrow(expect.objectContaining({ reason: 'entries-malformed' }));
  });
});
