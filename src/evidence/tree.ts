/**
 * Computes a log's tree anew from the served files, and compares it with the signed root.
 *
 * A block is an entry bundle of 256 entries. Three sources give its hash: its entries, its level-0 tile, and the hash in the level-1 tile
 * above it. If two agree, they are taken as sealed and the third as altered; the signed root then confirms or refutes that. The last,
 * partial block has two sources and the root.
 */
import { equalBytes, toHex } from '../canonical/index.ts';
import {
  emptyFrontier,
  emptyRoot,
  extendFrontier,
  frontierRoot,
  leafHash,
  TILE_LEVELS,
  tilePath,
  tileWidth,
  TILE_WIDTH,
  type Frontier,
} from '../ledger/index.ts';
import { differencesOf, type Difference } from './differences.ts';
import { splitEntries, type LogFiles } from './files.ts';
import type { Finding } from './finding.ts';
import { alteredTile, findTile, UpperTiles } from './tiles.ts';

/** The most findings that are held back until the end. */
const HELD_MAX = 1000;

/** An entry that was sealed at this place. */
export interface FoundEntry {
  index: number;
  bytes: Uint8Array;
}

export interface EntryBlock {
  /** Entries that are at their places, in order. */
  genuine: FoundEntry[];
  /** What is wrong with the other places, and what was found there. */
  differences: { difference: Difference; file: string; bytes: Uint8Array | null }[];
  /** Every entry of the block is among the genuine ones. */
  complete: boolean;
  /** True when neither entries nor hashes are there. */
  absent: boolean;
}

/** An earlier size whose root is wanted. */
export interface EarlierSize {
  size: number;
  onRoot: (root: Uint8Array) => void;
}

export class TreeAudit {
  readonly #files: LogFiles;
  readonly #size: number;
  readonly #root: Uint8Array;
  readonly #marks: EarlierSize[];
  readonly #report: (finding: Finding) => void;
  readonly #upper: UpperTiles;
  /** Roots of full blocks, from two agreeing sources and from the level-1 tiles. */
  #frontier: Frontier = emptyFrontier();
  #served: Frontier = emptyFrontier();
  #level1: { index: number; hashes: Uint8Array[] | null } = { index: -1, hashes: null };
  /** Blocks that the level-1 tile contradicts. */
  readonly #contradicted: number[] = [];
  readonly #held: Finding[] = [];
  /** Leaf hashes of the last block, when it is partial. */
  #edge: readonly Uint8Array[] = [];

  /** @param root what the checkpoint signs */
  constructor(
    log: { files: LogFiles; size: number; root: Uint8Array },
    marks: readonly EarlierSize[],
    report: (finding: Finding) => void,
  ) {
    this.#files = log.files;
    this.#size = log.size;
    this.#root = log.root;
    this.#marks = marks.filter((mark) => mark.size <= log.size).sort((a, b) => a.size - b.size);
    this.#report = report;
    this.#upper = new UpperTiles(log.files, log.size, 2);
    this.#mark(0, [], this.#frontier);
  }

  get blocks(): number {
    return Math.ceil(this.#size / TILE_WIDTH);
  }

  /** The next block; call it for each of them in order. */
  async block(number: number): Promise<EntryBlock> {
    const start = number * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, this.#size - start);
    const file = tilePath({ level: 'entries', index: number, width });
    const at = { index: null, action: null, file };
    const [hashTile, entryBundle] = await Promise.all([
      findTile(this.#files, 0, number, this.#size),
      this.#files(file),
    ]);
    const tile = 'hashes' in hashTile ? hashTile.hashes : null;
    if ('finding' in hashTile) this.#report(hashTile.finding);
    if (entryBundle === null) {
      const message = `${file} is missing: entries ${start} to ${start + width - 1} cannot be read`;
      this.#report({ ...at, code: 'entries-missing', message });
    }
    const { entries, whole } = splitEntries(entryBundle ?? new Uint8Array(0));
    if (!whole) {
      this.#report({ ...at, code: 'entries-malformed', message: `${file} is cut off, or holds more than entries` });
    }
    const leaves = entries.map(leafHash);
    const complete = leaves.length === width ? leaves : null;
    const before = this.#frontier;
    const best =
      (width === TILE_WIDTH ? await this.#full(number, complete, tile) : this.#partial(complete, tile)) ?? leaves;
    if (tile !== null && !same(best, tile)) {
      const differing = tile.flatMap((hash, i) => (equalTo(hash, best[i]) ? [] : [i]));
      this.#report(alteredTile(tilePath({ level: 0, index: number, width }), differing));
    }
    if (entryBundle !== null && complete === null && best === leaves) {
      const message = `${file} holds ${leaves.length} entries instead of ${width}`;
      this.#report({ ...at, code: 'entries-malformed', message });
    }
    this.#mark(start, best, before);
    const intact = same(leaves, best);
    const differences = entryBundle === null || intact ? [] : differencesOf(leaves, best);
    const places = new Map(intact ? [] : leaves.map((hash, i) => [toHex(hash), i]));
    const genuine = best.flatMap((hash, i): FoundEntry[] => {
      const bytes = entries[intact || equalTo(hash, leaves[i]) ? i : (places.get(toHex(hash)) ?? -1)];
      return bytes === undefined ? [] : [{ index: start + i, bytes }];
    });
    return {
      genuine,
      complete: genuine.length === width,
      differences: differences.map((difference) => ({
        difference: shifted(difference, start),
        file,
        bytes: 'at' in difference ? (entries[difference.at] ?? null) : null,
      })),
      absent: entryBundle === null && tile === null,
    };
  }

  /** The hash of a full block that two of three sources agree on; null when no source is readable. */
  async #full(number: number, leaves: Uint8Array[] | null, tile: Uint8Array[] | null): Promise<Uint8Array[] | null> {
    const above = await this.#above(number);
    const ofEntries = leaves === null ? null : rootOf(leaves);
    const alike = leaves !== null && tile !== null && same(leaves, tile);
    const tileRoot = (): Uint8Array | null => (tile === null ? null : rootOf(tile));
    const ofTile = alike ? ofEntries : tileRoot();
    const takeEntries =
      equalTo(ofEntries, above) || (!equalTo(ofTile, above) && (tile === null || ofEntries === ofTile));
    const root = (takeEntries ? ofEntries : ofTile) ?? above ?? emptyRoot();
    if (above !== null && !equalBytes(root, above) && this.#contradicted.length < HELD_MAX) {
      this.#contradicted.push(number);
    }
    const grown = extendFrontier(this.#frontier, [root]);
    this.#frontier = grown.frontier;
    this.#served = extendFrontier(this.#served, [above ?? root]).frontier;
    this.#hold(await this.#upper.add(grown.completed.map((it) => ({ ...it, level: it.level + TILE_LEVELS }))));
    return takeEntries ? leaves : tile;
  }

  /** The leaves of the last, partial block, confirmed by the signed root. */
  #partial(leaves: Uint8Array[] | null, tile: Uint8Array[] | null): Uint8Array[] | null {
    const candidates = [leaves, tile].filter((hashes) => hashes !== null);
    const fitting = candidates.find((hashes) => this.#fits(this.#frontier, hashes) || this.#fits(this.#served, hashes));
    this.#edge = fitting ?? tile ?? leaves ?? [];
    return fitting ?? tile ?? leaves;
  }

  #fits(blocks: Frontier, edge: readonly Uint8Array[]): boolean {
    return equalBytes(rootWith(blocks, edge), this.#root);
  }

  /** The hash of a full block in the level-1 tile, or null when there is none to read. */
  async #above(number: number): Promise<Uint8Array | null> {
    const index = Math.floor(number / TILE_WIDTH);
    if (this.#level1.index !== index) {
      const hashTile = await findTile(this.#files, 1, index, this.#size);
      if ('finding' in hashTile) this.#report(hashTile.finding);
      this.#level1 = { index, hashes: 'hashes' in hashTile ? hashTile.hashes : null };
    }
    return this.#level1.hashes?.[number % TILE_WIDTH] ?? null;
  }

  /** Gives the roots of earlier sizes that end in this block; `before` are the blocks before it. */
  #mark(start: number, leaves: readonly Uint8Array[], before: Frontier): void {
    for (let mark = this.#marks[0]; mark !== undefined; mark = this.#marks[0]) {
      const inside = mark.size - start;
      if (inside > leaves.length) return;
      this.#marks.shift();
      mark.onRoot(inside === TILE_WIDTH ? rootWith(this.#frontier, []) : rootWith(before, leaves.slice(0, inside)));
    }
  }

  #hold(findings: readonly Finding[]): void {
    for (const finding of findings) if (this.#held.length < HELD_MAX) this.#held.push(finding);
  }

  /** Compares with the signed root, and names what only the root can tell. @returns whether the log is the one that was signed. */
  async finish(): Promise<boolean> {
    this.#hold(await this.#upper.finish());
    const holds = this.#fits(this.#frontier, this.#edge);
    if (!holds && this.#contradicted.length > 0 && this.#fits(this.#served, this.#edge)) {
      for (const block of this.#contradicted) this.#report(rewritten(block));
      return false;
    }
    for (const finding of this.#held) this.#report(finding);
    for (const block of this.#contradicted) this.#report(this.#alteredAbove(block));
    if (!holds) {
      const message = `the ${this.#size} entries do not lead to the root that the checkpoint signs`;
      this.#report({ code: 'root-wrong', message, index: null, action: null, file: 'checkpoint' });
      if (this.#contradicted.length === 0 && this.#edge.length > 0) this.#report(this.#edgeRewritten());
    }
    return holds;
  }

  /** No upper tile covers the last, partial block. If all others agree, the fault is in it. */
  #edgeRewritten(): Finding {
    const index = Math.floor(this.#size / TILE_WIDTH);
    const file = tilePath({ level: 'entries', index, width: this.#size % TILE_WIDTH });
    const message = `entries ${index * TILE_WIDTH} to ${this.#size - 1} agree with their tile, and not with the signed root: they were rewritten together, unless all of the log was`;
    return { code: 'entries-rewritten', message, index: null, action: null, file };
  }

  #alteredAbove(block: number): Finding {
    const index = Math.floor(block / TILE_WIDTH);
    return alteredTile(tilePath({ level: 1, index, width: tileWidth(1, index, this.#size) }), [block % TILE_WIDTH]);
  }
}

function rewritten(block: number): Finding {
  const first = block * TILE_WIDTH;
  const message = `entries ${first} to ${first + TILE_WIDTH - 1} and their tile were rewritten together: other entries were signed`;
  const file = tilePath({ level: 'entries', index: block, width: TILE_WIDTH });
  return { code: 'entries-rewritten', message, index: null, action: null, file };
}

/** Root of a full block. */
const rootOf = (leaves: readonly Uint8Array[]): Uint8Array => extendFrontier(emptyFrontier(), leaves).root;

/** Root of full blocks and the leaves behind them. */
function rootWith(blocks: Frontier, edge: readonly Uint8Array[]): Uint8Array {
  const { frontier } = extendFrontier(emptyFrontier(), edge);
  const size = blocks.size * TILE_WIDTH + frontier.size;
  return frontierRoot({ size, nodes: [...blocks.nodes, ...frontier.nodes] });
}

function equalTo(a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): boolean {
  return a != null && b != null && equalBytes(a, b);
}

function same(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, i) => equalTo(hash, b[i]));
}

function shifted(difference: Difference, by: number): Difference {
  switch (difference.kind) {
    case 'altered':
      return { ...difference, index: difference.index + by };
    case 'missing':
      return { ...difference, index: difference.index + by, to: difference.to + by };
    case 'extra':
      return { ...difference, at: difference.at + by };
    case 'moved':
      return { ...difference, index: difference.index + by, from: difference.from + by };
  }
}
