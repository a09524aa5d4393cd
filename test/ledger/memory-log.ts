/** A whole log in memory, made of the room's own parts: what the sequencer does with a database. */
import { concatBytes } from '../../src/canonical/index.ts';
import {
  decodeEntries,
  emptyFrontier,
  encodeEntries,
  extendFrontier,
  formatCheckpoint,
  frontierRoot,
  leafHash,
  signNote,
  TILE_WIDTH,
  tileHashReader,
  tilePath,
  tileWidth,
  type NoteKey,
  type ReadHash,
  type ReadTile,
  type SignEd25519,
} from '../../src/ledger/index.ts';

export class MemoryLog {
  readonly entries: Uint8Array[] = [];
  readonly reads: string[] = [];
  frontier = emptyFrontier();
  readonly #tiles = new Map<string, Uint8Array[]>();

  append(...entries: Uint8Array[]): void {
    this.appendAll(entries);
  }

  appendAll(entries: readonly Uint8Array[]): void {
    const { frontier, completed } = extendFrontier(this.frontier, entries.map(leafHash));
    for (const { level, index, hash } of completed.filter(({ level }) => level % 8 === 0)) {
      const key = `${level / 8}/${Math.floor(index / TILE_WIDTH)}`;
      const tile = this.#tiles.get(key);
      if (tile === undefined) this.#tiles.set(key, [hash]);
      else tile.push(hash);
    }
    this.frontier = frontier;
    for (const entry of entries) this.entries.push(entry);
  }

  get size(): number {
    return this.frontier.size;
  }

  get root(): Uint8Array {
    return frontierRoot(this.frontier);
  }

  readonly readTile: ReadTile = ({ level, index, width }) => {
    this.reads.push(`${level}/${index}`);
    return Promise.resolve(concatBytes(...(this.#tiles.get(`${level}/${index}`) ?? []).slice(0, width)));
  };

  reader(size = this.size): ReadHash {
    return tileHashReader(this.readTile, size);
  }

  checkpoint(key: NoteKey, sign: SignEd25519): Promise<string> {
    return signNote(formatCheckpoint({ origin: key.name, size: this.size, root: this.root }), key, sign);
  }

  /** Every file that a log of this size serves, by path. */
  async files(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    for (let level = 0; tileWidth(level, 0, this.size) > 0; level++) {
      for (let index = 0; tileWidth(level, index, this.size) > 0; index++) {
        const tile = { level, index, width: tileWidth(level, index, this.size) };
        files.set(tilePath(tile), await this.readTile(tile));
        if (level > 0) continue;
        const entries = this.entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + tile.width);
        const bundle = encodeEntries(entries);
        if (decodeEntries(bundle).length !== entries.length) throw new Error('a bundle lost entries');
        files.set(tilePath({ ...tile, level: 'entries' }), bundle);
      }
    }
    return files;
  }
}
