import type { ReadHash } from '../ledger/index.ts';

/** Subtrees below this level are replaced too often to be worth caching: a proof reads them from one tile anyway. */
const LEVEL_MIN = 8;
const CACHED_MAX = 8192;

/**
 * Keeps hashes of complete subtrees. An append-only log never changes one, so nothing here is ever out of date. The upper part,
 * which all proofs share, is then read and hashed once.
 */
export class HashCache {
  readonly #hashes = new Map<string, Uint8Array>();

  /** Wraps `read`, which is called only for hashes that are not cached. */
  over(tenant: string, read: ReadHash): ReadHash {
    return async (level, index) => {
      if (level < LEVEL_MIN) return read(level, index);
      const key = `${tenant}/${level}/${index}`;
      const hash = this.#hashes.get(key) ?? (await read(level, index));
      // LRU: reinserting moves a key to the end, so the first is the oldest.
      this.#hashes.delete(key);
      this.#hashes.set(key, hash);
      const oldest = this.#hashes.keys().next();
      if (this.#hashes.size > CACHED_MAX && oldest.done !== true) this.#hashes.delete(oldest.value);
      return hash;
    };
  }
}
