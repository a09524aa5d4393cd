/** The Merkle tree of RFC 6962 section 2.1. It grows leaf by leaf, and only its frontier is kept. */
import { concatBytes, fromHex, sha256, toHex } from '../canonical/index.ts';
import { EvidenceError, reading } from './error.ts';

/** Bytes of a node of the tree. */
export const HASH_BYTES = 32;

/** The most leaves of a tree, so that every size is an exact number. */
export const MAX_TREE_SIZE = Number.MAX_SAFE_INTEGER;

const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);

/** Hash of a log entry: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, entry));
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

/**
 * What a tree needs to grow: the roots of its complete subtrees, largest (leftmost) first, in hexadecimal. There is one for each set bit of
 * `size`. Plain JSON, so that it can be kept in a row.
 */
export interface Frontier {
  size: number;
  nodes: string[];
}

/** The hash of a complete subtree: 2^`level` leaves, from `index` × 2^`level` on. */
export interface SubtreeHash {
  level: number;
  index: number;
  hash: Uint8Array;
}

export interface Extension {
  frontier: Frontier;
  root: Uint8Array;
  size: number;
  /**
   * Every complete subtree that the new leaves finished, the leaves themselves included (level 0), in order of completion.
   * Those whose level is a multiple of 8 are what tiles are made of.
   */
  completed: SubtreeHash[];
}

export function emptyFrontier(): Frontier {
  return { size: 0, nodes: [] };
}

/**
 * Appends leaves to a tree.
 *
 * @throws EvidenceError `frontier-malformed` when the frontier is not one, as when a row was tampered with
 */
export function extendFrontier(frontier: Frontier, leafHashes: readonly Uint8Array[]): Extension {
  const nodes = readFrontier(frontier);
  const completed: SubtreeHash[] = [];
  let { size } = frontier;
  if (size + leafHashes.length > MAX_TREE_SIZE) {
    throw new EvidenceError('frontier-malformed', 'a log holds no more entries; start another one');
  }
  for (const leaf of leafHashes) {
    if (leaf.length !== HASH_BYTES) throw new EvidenceError('frontier-malformed', 'a leaf hash is not 32 bytes long');
    let hash = leaf;
    let level = 0;
    let index = size;
    completed.push({ level, index, hash });
    // As in binary addition: two complete subtrees of one size carry over into one of twice the size.
    for (; index % 2 === 1; index = (index - 1) / 2) {
      hash = nodeHash(nodes.pop() as Uint8Array, hash);
      level += 1;
      completed.push({ level, index: (index - 1) / 2, hash });
    }
    nodes.push(hash);
    size += 1;
  }
  return { frontier: { size, nodes: nodes.map(toHex) }, root: foldRoot(nodes), size, completed };
}

/** Root of the tree that a frontier stands for. @throws EvidenceError `frontier-malformed` */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return foldRoot(readFrontier(frontier));
}

function foldRoot(nodes: readonly Uint8Array[]): Uint8Array {
  return nodes.length === 0 ? emptyRoot() : nodes.reduceRight((right, left) => nodeHash(left, right));
}

function readFrontier({ size, nodes }: Frontier): Uint8Array[] {
  if (!Number.isSafeInteger(size) || size < 0 || nodes.length !== countOnes(size)) {
    throw new EvidenceError(
      'frontier-malformed',
      'the frontier of a log does not fit its size; restore it from the tiles',
    );
  }
  return nodes.map((node) => {
    const bytes = reading('frontier-malformed', 'the frontier of a log', () => fromHex(node));
    if (bytes.length === HASH_BYTES) return bytes;
    throw new EvidenceError('frontier-malformed', 'the frontier of a log holds a hash that is not 32 bytes long');
  });
}

function countOnes(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
