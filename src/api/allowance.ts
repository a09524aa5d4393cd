/** The result of one use of an allowance. */
export interface Taken {
  fits: boolean;
  limit: number;
  /** What is left of it in this window. */
  left: number;
  /** Until the window ends. */
  resetMs: number;
}

interface Count {
  used: number;
  endsAt: number;
}

/** Counts uses by key in windows that begin with the first use, in bounded memory: keys beyond it share one count. */
export class Allowance {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #keys: number;
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();
  #shared: Count = { used: 0, endsAt: 0 };

  constructor(options: { limit: number; windowMs: number; keys: number; now?: () => number }) {
    this.#limit = options.limit;
    this.#windowMs = options.windowMs;
    this.#keys = options.keys;
    this.#now = options.now ?? Date.now;
  }

  /** Keys that are counted one by one now. */
  get size(): number {
    return this.#counts.size;
  }

  take(key: string): Taken {
    const now = this.#now();
    const count = this.#countOf(key, now);
    const fits = count.used < this.#limit;
    if (fits) count.used += 1;
    return { fits, limit: this.#limit, left: this.#limit - count.used, resetMs: count.endsAt - now };
  }

  /** Gives back one use of the current window. */
  giveBack(key: string): void {
    const count = this.#counts.get(key);
    if (count !== undefined && count.used > 0) count.used -= 1;
  }

  #countOf(key: string, now: number): Count {
    const counter = this.#counts.get(key);
    if (counter !== undefined && counter.endsAt > now) return counter;
    this.#counts.delete(key);
    // All windows have the same length, so the first in the map end first.
    for (const [old, { endsAt }] of this.#counts) {
      if (endsAt > now) break;
      this.#counts.delete(old);
    }
    const count = { used: 0, endsAt: now + this.#windowMs };
    if (this.#counts.size < this.#keys) {
      this.#counts.set(key, count);
      return count;
    }
    if (this.#shared.endsAt <= now) this.#shared = count;
    return this.#shared;
  }
}
