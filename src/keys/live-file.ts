/** A key file that another process may replace: caches the last read, and checks whether it is still current. */
import { statSync } from 'node:fs';
import { read, type KeyFile } from './key-file.ts';

/** Milliseconds for which a signer is used without checking its file. Verifiers check each time. */
export const LOOK_MS = 1000;

export class LiveKeyFile {
  readonly path: string;
  #seen: { keys: KeyFile['keys']; mark: string; at: number } | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** The keys as they were a moment ago; otherwise as {@link readKeys}. */
  keys(): KeyFile['keys'] {
    if (this.#seen !== null && performance.now() - this.#seen.at < LOOK_MS) return this.#seen.keys;
    return this.readKeys();
  }

  /**
   * The keys as the file has them now; the same list as long as the file is the same.
   *
   * @throws CountersignError `configuration` when it was damaged; for a missing file the last read counts
   */
  readKeys(): KeyFile['keys'] {
    const now = performance.now();
    const mark = this.#mark();
    if (this.#seen !== null && (mark === null || mark === this.#seen.mark)) this.#seen.at = now;
    else this.#seen = { keys: read(this.path).keys, mark: mark ?? '', at: now };
    return this.#seen.keys;
  }

  #mark(): string | null {
    const stat = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? null : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  }
}
