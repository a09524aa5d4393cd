/** Computes everything that a commit writes, from the end of the log and the new entries. No I/O but the signature. */
import { createHash } from 'node:crypto';
import { concatBytes, fromHex } from '../canonical/index.ts';
import {
  emptyFrontier,
  extendFrontier,
  formatCheckpoint,
  signNote,
  TILE_LEVELS,
  TILE_WIDTH,
  type Frontier,
  type SubtreeHash,
} from '../ledger/index.ts';
import type { NoteSigner } from '../keys/index.ts';
import type { LogAppend, LogHead, TileGrowth } from '../store/index.ts';
import type { StagedRecord } from './types.ts';

/** The end of a log as the sequencer holds it between commits. */
export interface LogEnd {
  head: LogHead;
  frontier: Frontier;
  /** Leaf hashes of the level-0 tile that is not full yet, in order. */
  edge: readonly Uint8Array[];
}

/** RFC 6962 leaf hash by node:crypto, which is measurably faster for envelopes. */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(0x00)).update(entry).digest();
}

/** Nodes of a frontier, packed: its size says how many there are. */
function packFrontier({ nodes }: Frontier): Uint8Array {
  return Buffer.from(nodes.join(''), 'hex');
}

/** The frontier of a stored head. */
export function unpackFrontier(head: LogHead): Frontier {
  const hex = Buffer.from(head.frontier).toString('hex');
  return { size: head.size, nodes: hex.match(/.{1,64}/g) ?? [] };
}

/** Tiles above the leaves grow hash by hash; a tile of leaves is written once, when it is full. */
function growTiles(completed: readonly SubtreeHash[], edge: readonly Uint8Array[]): TileGrowth[] {
  const tiles = new Map<string, { level: number; index: number; hashes: Uint8Array[] }>();
  for (const { level, index, hash } of completed) {
    if (level % TILE_LEVELS !== 0) continue;
    const at = { level: level / TILE_LEVELS, index: Math.floor(index / TILE_WIDTH) };
    const key = `${at.level}/${at.index}`;
    // The first hash is a leaf's, and its tile is the open one.
    const tile = tiles.get(key) ?? { ...at, hashes: tiles.size === 0 ? [...edge] : [] };
    tile.hashes.push(hash);
    tiles.set(key, tile);
  }
  return [...tiles.values()]
    .filter(({ level, hashes }) => level > 0 || hashes.length === TILE_WIDTH)
    .map(({ level, index, hashes }) => ({ level, index, hashes: concatBytes(...hashes) }));
}

export async function grow(
  end: LogEnd | null,
  records: readonly StagedRecord[],
  signer: Pick<NoteSigner, 'key' | 'sign'>,
  /** Keys that this one replaced. They sign beside it for a while. */
  leaving: readonly Pick<NoteSigner, 'key' | 'sign'>[] = [],
): Promise<{ append: LogAppend; end: LogEnd }> {
  const hashed = records.map((record) => ({ record, leafHash: hashLeaf(record.envelope) }));
  const edge = end?.edge ?? [];
  const leaves = hashed.map(({ leafHash }) => leafHash);
  const extension = extendFrontier(end?.frontier ?? emptyFrontier(), leaves);
  const { size, root } = extension;
  const text = formatCheckpoint({ origin: signer.key.name, size, root });
  const checkpoint = await signNote(text, signer.key, signer.sign, leaving);
  const head: LogHead = { size, root, frontier: packFrontier(extension.frontier), checkpoint };
  const append: LogAppend = {
    head,
    entries: hashed.map(({ record, leafHash }) => ({
      action: record.action,
      seq: record.seq,
      type: record.type,
      recordHash: fromHex(record.recordHash.slice('sha256:'.length)),
      leafHash,
      envelope: record.envelope,
      at: record.at,
      facets: record.facets,
    })),
    tiles: growTiles(extension.completed, edge),
    // If a batch holds several records of one action, the last one gives the action's state.
    projections: [
      ...new Map(
        records.flatMap(({ action, projection }) =>
          projection === undefined ? [] : [[action, { id: action, ...projection }] as const],
        ),
      ).values(),
    ],
    permits: records.flatMap(({ action, permit }) => (permit === undefined ? [] : [{ action, ...permit }])),
    redeemed: records.flatMap(({ action, redeems, at }) =>
      redeems === undefined ? [] : [{ action, jti: redeems, at }],
    ),
    released: records.filter(({ releaseReservations }) => releaseReservations === true).map(({ action }) => action),
    erased: records.filter(({ erasesPayload }) => erasesPayload === true).map(({ action }) => action),
  };
  const open = [...edge, ...leaves];
  return { append, end: { head, frontier: extension.frontier, edge: open.slice(open.length - (size % TILE_WIDTH)) } };
}
