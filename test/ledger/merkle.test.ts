import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, sha256, toHex, utf8 } from '../../src/canonical/index.ts';
import {
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  EvidenceError,
  extendFrontier,
  frontierRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
  type ReadHash,
} from '../../src/ledger/index.ts';
import vectors from '../vectors/merkle.json' with { type: 'json' };
import { MemoryLog } from './memory-log.ts';

/** RFC 6962 section 2.1, word for word. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

const entries = Array.from({ length: 700 }, (_, i) => utf8(`entry ${i}`));
const leaves = entries.map(leafHash);
const log = new MemoryLog();
log.append(...entries);
const size = fc.integer({ min: 1, max: entries.length });

/** Known answers of Certificate Transparency's own tests, for trees of 1 to 8 entries. */
const KNOWN_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('known answers', () => {
  const known = vectors.entries.map(({ leaf }) => fromHex(leaf));
  const roots = new Map(vectors.roots.map(({ size, root }) => [size, root]));

  it('roots', () => {
    expect(toHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(leafHash(new Uint8Array(0)))).toBe(KNOWN_ROOTS[0]);
    KNOWN_ROOTS.forEach((root, i) => {
      expect(toHex(extendFrontier(emptyFrontier(), known.slice(0, i + 1)).root)).toBe(root);
      expect(roots.get(i + 1)).toBe(root);
    });
  });
  it('every inclusion proof of the vectors', () => {
    for (const { index, size, proof } of vectors.inclusion) {
      const root = fromHex(roots.get(size) ?? '');
      expect(verifyInclusion(known[index] as Uint8Array, index, size, proof.map(fromHex), root)).toBe(true);
    }
  });
  it('every consistency proof of the vectors', () => {
    for (const { old, size, proof } of vectors.consistency) {
      const [before, after] = [old, size].map((at) => fromHex(roots.get(at) ?? ''));
      expect(verifyConsistency(old, size, proof.map(fromHex), before as Uint8Array, after as Uint8Array)).toBe(true);
    }
  });
});

describe('a growing tree', () => {
  it('has the root of RFC 6962 at every size, however it was grown', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 7 }), (steps) => {
        let frontier = emptyFrontier();
        let total = 0;
        for (const step of steps) {
          const grown = extendFrontier(frontier, leaves.slice(total, total + step));
          total += step;
          expect(grown.size).toBe(total);
          expect(grown.root).toEqual(mth(leaves.slice(0, total)));
          frontier = JSON.parse(JSON.stringify(grown.frontier)) as typeof frontier;
          expect(frontierRoot(frontier)).toEqual(grown.root);
        }
      }),
      { numRuns: 40 },
    );
  });
  it('names each complete subtree once, with its hash', () => {
    const { completed } = extendFrontier(emptyFrontier(), leaves.slice(0, 300));
    const names = completed.map(({ level, index }) => `${level}/${index}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBe(300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
    for (const { level, index, hash } of completed) {
      expect(hash).toEqual(mth(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
    }
  });
  it.each([
    ['a node too few', { size: 3, nodes: [toHex(leaves[0] as Uint8Array)] }],
    ['a node too many', { size: 0, nodes: ['00'] }],
    ['a short hash', { size: 1, nodes: ['00'] }],
    ['no hexadecimal', { size: 1, nodes: ['x'.repeat(64)] }],
    ['a size below nothing', { size: -1, nodes: [] }],
    ['a size that is no integer', { size: 0.5, nodes: [] }],
    ['a size beyond exact numbers', { size: 2 ** 53, nodes: [toHex(leaves[0] as Uint8Array)] }],
  ])('refuses a frontier with %s', (_name, frontier) => {
    expect(() => extendFrontier(frontier, [])).toThrow(expect.objectContaining({ reason: 'frontier-malformed' }));
  });
  it('refuses a leaf hash that is none', () => {
    expect(() => extendFrontier(emptyFrontier(), [new Uint8Array(31)])).toThrow(EvidenceError);
  });
});

describe('inclusion', () => {
  it('of every leaf in trees of many sizes is proven and verified', async () => {
    for (const size of [1, 2, 3, 7, 8, 9, 255, 256, 257, 511, 512, 513, 700]) {
      const root = mth(leaves.slice(0, size));
      for (let index = 0; index < size; index += size > 20 ? 13 : 1) {
        const proof = await inclusionProof(index, size, log.reader(size));
        expect(verifyInclusion(leaves[index] as Uint8Array, index, size, proof, root)).toBe(true);
      }
    }
  });
  it('of anything else is refused', async () => {
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), fc.nat({ max: 6 }), async (size, at, other, kind) => {
        const index = at % size;
        const proof = await inclusionProof(index, size, log.reader(size));
        const root = mth(leaves.slice(0, size));
        const leaf = leaves[index] as Uint8Array;
        const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === other % 32 ? byte ^ 1 : byte));
        const wrong = [
          () => verifyInclusion(flipped(leaf), index, size, proof, root),
          () => verifyInclusion(leaf, index, size, proof, flipped(root)),
          () => verifyInclusion(leaf, index, size, [...proof, leaf], root),
          () => proof.length > 0 && verifyInclusion(leaf, index, size, proof.slice(1), root),
          () =>
            proof.length > 0 &&
            verifyInclusion(leaf, index, size, [flipped(proof[0] as Uint8Array), ...proof.slice(1)], root),
          () => other % size !== index && verifyInclusion(leaf, other % size, size, proof, root),
          () => verifyInclusion(leaf, size, size, proof, root),
        ][kind];
        expect(wrong?.()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
  it.each([
    [-1, 5],
    [5, 5],
    [0, 0],
    [0.5, 5],
    [Number.NaN, 5],
    [0, Infinity],
    [2 ** 53, 2 ** 54],
  ])('at %d of %d is refused, whatever the proof', (index, size) => {
    const leaf = leaves[0] as Uint8Array;
    expect(verifyInclusion(leaf, index, size, [], leaf)).toBe(false);
    return expect(inclusionProof(index, size, log.reader())).rejects.toMatchObject({ reason: 'proof-malformed' });
  });
  it('with hashes of other lengths, or far too many of them, is refused', () => {
    const leaf = leaves[0] as Uint8Array;
    expect(verifyInclusion(leaf, 0, 2, [new Uint8Array(31)], leaf)).toBe(false);
    expect(verifyInclusion(new Uint8Array(33), 0, 1, [], new Uint8Array(33))).toBe(false);
    expect(
      verifyInclusion(
        leaf,
        0,
        2,
        Array.from({ length: 100_000 }, () => leaf),
        leaf,
      ),
    ).toBe(false);
  });
});

describe('consistency', () => {
  it('of every pair of sizes is proven and verified', async () => {
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), async (size, before) => {
        const old = before % (size + 1);
        const proof = await consistencyProof(old, size, log.reader(size));
        const [from, to] = [mth(leaves.slice(0, old)), mth(leaves.slice(0, size))];
        expect(verifyConsistency(old, size, proof, from, to)).toBe(true);
        if (old !== size) {
          expect(verifyConsistency(old, size, [...proof, from], from, to)).toBe(false);
          expect(verifyConsistency(old, size, proof, to, from)).toBe(false);
          expect(verifyConsistency(old + 1, size, proof, from, to)).toBe(false);
          if (proof.length > 0) expect(verifyConsistency(old, size, proof.slice(0, -1), from, to)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });
  it('never of a tree that was rewritten', async () => {
    const other = new MemoryLog();
    other.append(...entries.map((entry, i) => (i === 123 ? utf8('rewritten') : entry)));
    for (const old of [124, 200, 256, 699]) {
      const proof = await consistencyProof(old, 700, other.reader());
      expect(verifyConsistency(old, 700, proof, mth(leaves.slice(0, old)), other.root)).toBe(false);
    }
  });
  it('of a tree that shrinks is refused', async () => {
    expect(verifyConsistency(3, 2, [], emptyRoot(), emptyRoot())).toBe(false);
    await expect(consistencyProof(3, 2, log.reader())).rejects.toMatchObject({ reason: 'proof-malformed' });
  });
  it('of the same size wants the same root and no proof', () => {
    const [root, other] = [mth(leaves.slice(0, 5)), mth(leaves.slice(0, 6))];
    expect(verifyConsistency(5, 5, [], root, root)).toBe(true);
    expect(verifyConsistency(5, 5, [], root, other)).toBe(false);
    expect(verifyConsistency(5, 5, [root], root, root)).toBe(false);
    expect(verifyConsistency(0, 5, [], other, root)).toBe(false);
  });
});

describe('trees as large as numbers are exact', () => {
  /** All leaves alike: the hash of a complete subtree depends on its level only. */
  const levels = [leafHash(utf8('same'))];
  for (let level = 1; level < 54; level++)
    levels.push(nodeHash(levels[level - 1] as Uint8Array, levels[level - 1] as Uint8Array));
  const read: ReadHash = (level) => Promise.resolve(levels[level] as Uint8Array);
  const rootOf = (size: number): Uint8Array => {
    const ones = [...size.toString(2)]
      .reverse()
      .flatMap((bit, level) => (bit === '1' ? [levels[level] as Uint8Array] : []));
    return ones.reduce((right, left) => nodeHash(left, right));
  };
  const huge = fc
    .maxSafeNat()
    .map((n) => n + 1)
    .filter(Number.isSafeInteger);

  it('prove and verify', async () => {
    const edges = [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 49 - 1, 2 ** 52, 2 ** 53 - 1].map(
      (size) => [size, size - 1] as const,
    );
    await fc.assert(
      fc.asyncProperty(huge, fc.maxSafeNat(), async (size, at) => {
        const index = at % size;
        const proof = await inclusionProof(index, size, read);
        expect(verifyInclusion(levels[0] as Uint8Array, index, size, proof, rootOf(size))).toBe(true);
        const old = index + 1;
        const path = await consistencyProof(old, size, read);
        expect(verifyConsistency(old, size, path, rootOf(old), rootOf(size))).toBe(true);
      }),
      { numRuns: 100, examples: edges.map(([size, at]): [number, number] => [size, at]) },
    );
  });
});
