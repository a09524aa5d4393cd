/** Tiles of a log as C2SP tlog-tiles lays them out: 256 hashes of one level in a file, and the entries beside them. */
import { concatBytes } from '../canonical/index.ts';
import { EvidenceError } from './error.ts';
import { HASH_BYTES, nodeHash } from './merkle.ts';
import type { ReadHash } from './proof.ts';

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;

/** Levels of the tree in one tile. */
export const TILE_LEVELS = 8;

/** Bytes of an entry at most: bundles carry 16-bit lengths. */
export const ENTRY_MAX_BYTES = 65_535;

/** A tile of hashes, or of entries; `width` counts them, from 1 to 256. */
export interface Tile {
  level: number | 'entries';
  index: number;
  width: number;
}

/** `tile/0/x001/x234/067`, `tile/1/000.p/17`, `tile/entries/003`: where a tile is served. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const TILE_PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The tile that a path names, in its canonical spelling; null for any other text. */
export function parseTilePath(path: string): Tile | null {
  const match = TILE_PATH.exec(path);
  if (match === null) return null;
  const [, levelText = '', indexText = '', widthText] = match;
  const level = levelText === 'entries' ? levelText : Number(levelText);
  const index = Number(indexText.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  const tile: Tile = { level, index, width };
  if ((level !== 'entries' && level > 63) || width > TILE_WIDTH || !Number.isSafeInteger(index)) return null;
  // Redundant `x000` groups, or an explicit full width, would be second names of the same tile.
  return tilePath(tile) === path ? tile : null;
}

/** How many hashes tile `index` of a level has in a tree of `size` leaves: 0 (there is no such tile) to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** Reads the bytes of a tile of hashes: `width` × 32 of them. A wider tile of the same name does as well. */
export type ReadTile = (tile: Tile & { level: number }) => Promise<Uint8Array>;

/**
 * Subtree hashes of the tree of `size` leaves, read from its tiles. Each tile is read once and kept while the reader is, so make one for
 * each proof. The tiles are not verified: check the result against a signed root.
 *
 * @throws EvidenceError `tile-malformed`, from the reads, when a tile is missing hashes that a tree of this size has
 */
export function tileHashReader(readTile: ReadTile, size: number): ReadHash {
  const tiles = new Map<string, Promise<Uint8Array>>();
  const load = (tile: Tile & { level: number }): Promise<Uint8Array> => {
    const key = `${tile.level}/${tile.index}`;
    const known = tiles.get(key);
    if (known !== undefined) return known;
    const loading = readTile(tile);
    tiles.set(key, loading);
    return loading;
  };
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS);
    const count = 2 ** (level % TILE_LEVELS);
    const first = index * count;
    const tileIndex = Math.floor(first / TILE_WIDTH);
    const offset = first % TILE_WIDTH;
    const width = tileWidth(tileLevel, tileIndex, size);
    if (offset + count > width) {
      throw new EvidenceError(
        'tile-malformed',
        `a tree of ${size} leaves has no complete subtree ${index} at level ${level}`,
      );
    }
    const bytes = await load({ level: tileLevel, index: tileIndex, width });
    if (
      bytes.length % HASH_BYTES !== 0 ||
      bytes.length < width * HASH_BYTES ||
      bytes.length > TILE_WIDTH * HASH_BYTES
    ) {
      const path = tilePath({ level: tileLevel, index: tileIndex, width });
      throw new EvidenceError(
        'tile-malformed',
        `\`${path}\` does not hold ${width} hashes of 32 bytes; fetch it again`,
      );
    }
    return subtreeHash(tileHashes(bytes).slice(offset, offset + count));
  };
}

/** The hashes of a tile. @throws EvidenceError `tile-malformed` when it is not 1 to 256 whole hashes */
export function tileHashes(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0 || bytes.length % HASH_BYTES !== 0 || bytes.length > TILE_WIDTH * HASH_BYTES) {
    throw new EvidenceError('tile-malformed', 'a tile does not hold 1 to 256 hashes of 32 bytes; fetch it again');
  }
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Root of a complete subtree from the hashes of its nodes at one level; their number is a power of two. */
function subtreeHash(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, i) =>
      nodeHash(row[2 * i] as Uint8Array, row[2 * i + 1] as Uint8Array),
    );
  }
  return row[0] as Uint8Array;
}

/** An entry bundle: each entry behind its length in two bytes, big-endian. @throws EvidenceError `entries-malformed` for a long entry */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.length > ENTRY_MAX_BYTES) {
      throw new EvidenceError(
        'entries-malformed',
        `a log entry is longer than ${ENTRY_MAX_BYTES} bytes; make it smaller`,
      );
    }
    parts.push(Uint8Array.of(entry.length >> 8, entry.length & 255), entry);
  }
  return concatBytes(...parts);
}

/** The entries of a bundle, 256 at most. @throws EvidenceError `entries-malformed` */
export function decodeEntries(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const start = at + 2;
    const end = start + (((bundle[at] as number) << 8) | (bundle[at + 1] ?? 0));
    if (start > bundle.length || end > bundle.length) {
      throw new EvidenceError('entries-malformed', 'an entry bundle ends inside an entry; fetch it again');
    }
    if (entries.length === TILE_WIDTH) {
      throw new EvidenceError('entries-malformed', `an entry bundle holds more than ${TILE_WIDTH} entries`);
    }
    entries.push(bundle.subarray(start, end));
    at = end;
  }
  return entries;
}
