/** Inclusion and consistency proofs of RFC 6962 section 2.1.1 and 2.1.2, checked as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say. */
import { equalBytes } from '../canonical/index.ts';
import { EvidenceError } from './error.ts';
import { emptyRoot, HASH_BYTES, nodeHash } from './merkle.ts';

/** Reads the hash of the complete subtree of 2^`level` leaves that starts at leaf `index` × 2^`level`. */
export type ReadHash = (level: number, index: number) => Promise<Uint8Array>;

/** The most hashes in a proof about a tree of at most 2^53 leaves. A consistency proof may have one more than an inclusion proof. */
export const MAX_PROOF_HASHES = 54;

/** A stretch of leaves, from `start` up to but not including `end`. */
interface Range {
  start: number;
  end: number;
}

/**
 * The proof that leaf `index` is in the tree of `size` leaves, leaf side first.
 * Reads only hashes of complete subtrees, O(log² size) of them at worst and mostly O(log size), in one call.
 *
 * @throws EvidenceError `proof-malformed` when the leaf is not in the tree
 */
export async function inclusionProof(index: number, size: number, readHash: ReadHash): Promise<Uint8Array[]> {
  if (!isSize(size) || !isSize(index) || index >= size) {
    throw new EvidenceError('proof-malformed', `a tree of ${size} leaves has no leaf ${index}`);
  }
  const siblings: Range[] = [];
  for (let range: Range = { start: 0, end: size }; range.end - range.start > 1;) {
    const middle = range.start + splitOf(range.end - range.start);
    const left = { start: range.start, end: middle };
    const right = { start: middle, end: range.end };
    siblings.push(index < middle ? right : left);
    range = index < middle ? left : right;
  }
  return Promise.all(siblings.reverse().map((range) => rangeHash(range, readHash)));
}

/**
 * The proof that the tree of `oldSize` leaves is a prefix of the tree of `newSize`. Empty when they are the same, or the old one is empty.
 *
 * @throws EvidenceError `proof-malformed` when the old tree is the larger one
 */
export async function consistencyProof(oldSize: number, newSize: number, readHash: ReadHash): Promise<Uint8Array[]> {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) {
    throw new EvidenceError('proof-malformed', `a tree of ${oldSize} leaves does not grow to one of ${newSize}`);
  }
  if (oldSize === 0 || oldSize === newSize) return [];
  const proof: Range[] = [];
  let range: Range = { start: 0, end: newSize };
  // True while the current subtree is the whole old tree, whose root the verifier already has.
  let isOldRoot = true;
  while (range.end !== oldSize) {
    const middle = range.start + splitOf(range.end - range.start);
    if (oldSize <= middle) {
      proof.push({ start: middle, end: range.end });
      range = { start: range.start, end: middle };
    } else {
      proof.push({ start: range.start, end: middle });
      range = { start: middle, end: range.end };
      isOldRoot = false;
    }
  }
  if (!isOldRoot) proof.push(range);
  return Promise.all(proof.reverse().map((part) => rangeHash(part, readHash)));
}

/** True when the proof shows that the leaf is at `index` of the tree of `size` leaves with this root. Takes any input; never throws. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !isProof(proof) || leaf.length !== HASH_BYTES) return false;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      // A right edge without a sibling is carried up unchanged.
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(hash, root);
}

/** True when the proof shows that the old tree is a prefix of the new one. Takes any input; never throws. */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize || !isProof(proof)) return false;
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
  // Every tree extends the empty tree, whose root is known.
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, emptyRoot());
  let position = oldSize - 1;
  let last = newSize - 1;
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  // An old tree that is one complete subtree is its own first hash.
  const path = position === 0 ? [oldRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot);
}

/** Merkle tree hash of a stretch of leaves whose start is a multiple of the largest power of two below its length. */
async function rangeHash({ start, end }: Range, readHash: ReadHash): Promise<Uint8Array> {
  const parts: Promise<Uint8Array>[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let width = 1;
    // Doubling, not a logarithm, which rounds up near large powers of two.
    for (; width * 2 <= end - at; width *= 2) level += 1;
    parts.push(readHash(level, at / width));
    at += width;
  }
  return (await Promise.all(parts)).reduceRight((right, left) => nodeHash(left, right));
}

/** The largest power of two below `length`: where RFC 6962 splits a tree. */
function splitOf(length: number): number {
  let split = 1;
  while (split * 2 < length) split *= 2;
  return split;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isProof(proof: readonly Uint8Array[]): boolean {
  return proof.length <= MAX_PROOF_HASHES && proof.every((hash) => hash.length === HASH_BYTES);
}
