import { CountersignError } from '../errors.ts';

/** The permits that one process has used, until they expire. It knows nothing of other processes: for one executor alone. */
export class ReplayCache {
  readonly #max: number;
  /** When each permit expires, by `jti`, oldest first. */
  readonly #used = new Map<string, number>();

  constructor({ max = 100_000 }: { max?: number } = {}) {
    this.#max = max;
  }

  /** Uses a permit. @throws CountersignError `permit-already-redeemed`; `unavailable` where no more can be remembered */
  use(jti: string, exp: number, now: number): void {
    if (this.#used.has(jti)) {
      throw new CountersignError('permit-already-redeemed', 'this permit was used before; do not execute');
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
