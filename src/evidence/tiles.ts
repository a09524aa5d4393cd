/** Compares the hash tiles above level 0 with the hashes that the level below them gives. */
import { equalBytes } from '../canonical/index.ts';
import { HASH_BYTES, tileHashes, tilePath, TILE_WIDTH, tileWidth, type SubtreeHash } from '../ledger/index.ts';
import type { Finding } from './finding.ts';
import type { LogFiles } from './files.ts';

/** A tile as found: its hashes, or what is wrong with the file. */
export type FoundTile = { hashes: Uint8Array[] } | { finding: Finding };

/** Reads the tile that a log of `size` entries has at this place. */
export async function findTile(files: LogFiles, level: number, index: number, size: number): Promise<FoundTile> {
  const width = tileWidth(level, index, size);
  const file = tilePath({ level, index, width });
  const at = { index: null, action: null, file };
  const bytes = await files(file);
  if (bytes === null) return { finding: { ...at, code: 'tile-missing', message: `${file} is missing` } };
  if (bytes.length === width * HASH_BYTES) return { hashes: tileHashes(bytes) };
  const message = `${file} holds ${bytes.length} bytes instead of the ${width * HASH_BYTES} of ${width} hashes`;
  return { finding: { ...at, code: 'tile-malformed', message } };
}

/** Collects the expected hashes of upper tiles, and compares each tile when it is complete. */
export class UpperTiles {
  readonly #files: LogFiles;
  readonly #size: number;
  readonly #from: number;
  readonly #pending = new Map<number, { first: number; hashes: Uint8Array[] }>();

  /** @param from the lowest level that is compared */
  constructor(files: LogFiles, size: number, from: number) {
    this.#files = files;
    this.#size = size;
    this.#from = from;
  }

  /** Takes hashes of complete subtrees, in the order of their completion; `level` counts from the leaves. */
  async add(completed: readonly SubtreeHash[]): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const { level, index, hash } of completed) {
      const tileLevel = level / 8;
      if (!Number.isInteger(tileLevel) || tileLevel < this.#from) continue;
      const pending = this.#pending.get(tileLevel) ?? { first: index, hashes: [] };
      this.#pending.set(tileLevel, pending);
      pending.hashes.push(hash);
      if (pending.hashes.length === TILE_WIDTH) findings.push(...(await this.#compare(tileLevel)));
    }
    return findings;
  }

  /** Compares the tiles at the right edge. */
  async finish(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const level of [...this.#pending.keys()]) findings.push(...(await this.#compare(level)));
    return findings;
  }

  async #compare(level: number): Promise<Finding[]> {
    const pending = this.#pending.get(level);
    if (pending === undefined) return [];
    this.#pending.delete(level);
    const index = Math.floor(pending.first / TILE_WIDTH);
    const result = await findTile(this.#files, level, index, this.#size);
    if ('finding' in result) return [result.finding];
    const differing = pending.hashes.flatMap((hash, i) => {
      const served = result.hashes[i];
      return served !== undefined && equalBytes(served, hash) ? [] : [i];
    });
    if (differing.length === 0) return [];
    const file = tilePath({ level, index, width: pending.hashes.length });
    return [alteredTile(file, differing)];
  }
}

export function alteredTile(file: string, differing: readonly number[]): Finding {
  const which = `${differing.length === 1 ? 'hash' : 'hashes'} ${differing.slice(0, 8).join(', ')}${differing.length > 8 ? ', …' : ''}`;
  const message = `${file} was altered: ${which} of it ${differing.length === 1 ? 'is' : 'are'} not what lies below`;
  return { code: 'tile-altered', message, index: null, action: null, file };
}
