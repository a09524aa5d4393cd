import { CountersignError } from '../errors.ts';

/** Seconds that the clocks of engine and executor may differ by. */
const CLOCKS = 5;

/**
 * The permits that one process has used, until they expire. It knows nothing of other or earlier processes. So it serves a single executor of
 * a surface, for permits issued since the cache was made.
 */
export class ReplayCache {
  readonly #max: number;
  /** When each permit expires, by `jti`, oldest first. */
  readonly #used = new Map<string, number>();
  /** Seconds since the epoch. */
  readonly #since: number;

  /** @param now milliseconds since the epoch, when the cache was made */
  constructor({ max = 100_000, now = Date.now() }: { max?: number; now?: number } = {}) {
    this.#max = max;
    this.#since = now / 1000;
  }

  /**
   * Uses a permit.
   *
   * @param now seconds since the epoch
   * @throws CountersignError `permit-already-redeemed`; `unavailable` where it may have been used before this cache was made, or no more can
   * be remembered
   */
  use({ jti, iat, exp }: { jti: string; iat: number; exp: number }, now: number): void {
    if (iat < this.#since + CLOCKS) {
      throw new CountersignError(
        'unavailable',
        'this permit was issued before this executor began to remember which ones it used; do not execute offline',
      );
    }
    if (this.#used.has(jti)) {
      throw new CountersignError('permit-already-redeemed', 'this permit was redeemed before; do not execute');
    }
    if (this.#used.size >= this.#max) this.#forget(now);
    if (this.#used.size >= this.#max) {
      throw new CountersignError('unavailable', 'too many permits are in use to remember one more; try again later');
    }
    this.#used.set(jti, exp);
  }

  #forget(now: number): void {
    for (const [jti, exp] of this.#used) if (exp <= now) this.#used.delete(jti);
  }
}
