/** Inclusion proofs of many entries in a row, in a log of one size. */
import { BoundedMap } from '../../canonical/index.ts';
import {
  inclusionProof,
  TILE_WIDTH,
  tileHashReader,
  tilePath,
  type ReadHash,
  type ReadTile,
} from '../../ledger/index.ts';
import type { LogReader } from '../../sequencer/index.ts';

/** How many upper tiles and subtree hashes are cached, because neighbouring entries share them. */
const CACHED_MAX = 256;
const LEVEL_HIGH = 8;

/** Each hash below a tile of leaves is computed once for the 256 entries that share it. */
export class Proofs {
  readonly #size: number;
  readonly #readTile: ReadTile;
  readonly #tiles = new BoundedMap<string, Promise<Uint8Array>>(CACHED_MAX);
  readonly #high = new BoundedMap<string, Promise<Uint8Array>>(CACHED_MAX);
  #low = new Map<string, Promise<Uint8Array>>();
  #tile = -1;
  #read: ReadHash;

  constructor(reader: Pick<LogReader, 'tile'>, tenant: string, size: number) {
    this.#size = size;
    this.#readTile = (tile) => {
      const { level, index, width } = tile;
      const load = async (): Promise<Uint8Array> =>
        (await reader.tile(tenant, level, index, width)) ?? new Uint8Array(0);
      return level === 0 ? load() : cached(this.#tiles, tilePath(tile), load);
    };
    this.#read = tileHashReader(this.#readTile, size);
  }

  /** The proof that entry `index` is in the log; fast where entries are asked for in order. */
  of(index: number): Promise<Uint8Array[]> {
    const tile = Math.floor(index / TILE_WIDTH);
    if (tile !== this.#tile) {
      this.#tile = tile;
      this.#low = new Map();
      this.#read = tileHashReader(this.#readTile, this.#size);
    }
    return inclusionProof(index, this.#size, (level, at) => {
      const load = (): Promise<Uint8Array> => this.#read(level, at);
      const key = `${level}/${at}`;
      if (level >= LEVEL_HIGH) return cached(this.#high, key, load);
      const known = this.#low.get(key) ?? load();
      this.#low.set(key, known);
      return known;
    });
  }
}

/** Least recently used goes first: each use sets the value again. */
function cached<T>(map: BoundedMap<string, T>, key: string, load: () => T): T {
  const value = map.get(key) ?? load();
  map.set(key, value);
  return value;
}
