/** The engine's published permit keys, kept a while. */
import type { JWK } from 'jose';
import { CountersignError } from '../errors.ts';

/** Keys are read again after the first time, and stay good for the second while the engine is unreachable. In milliseconds. */
const FRESH_MS = 10 * 60_000;
const STALE_MS = 60 * 60_000;
/** Milliseconds between two reads: a flood of permits by unknown keys is no flood of requests. */
const COOLDOWN_MS = 10_000;

export class KeySet {
  readonly #url: string;
  readonly #fetch: typeof globalThis.fetch;
  #keys: JWK[] = [];
  #readAt = -Infinity;
  #triedAt = -Infinity;
  #reading: Promise<void> | null = null;

  constructor(url: string, fetch: typeof globalThis.fetch) {
    this.#url = `${url.replace(/\/$/, '')}/.well-known/jwks.json`;
    this.#fetch = fetch;
  }

  /** All keys. They are read again if none has this id. @throws CountersignError `unavailable` without keys young enough */
  async with(kid: string | null, now: number): Promise<readonly JWK[]> {
    const known = this.#keys.some((key) => key.kid === kid);
    if ((!known || now - this.#readAt > FRESH_MS) && now - this.#triedAt > COOLDOWN_MS) {
      this.#reading ??= this.#read(now).finally(() => (this.#reading = null));
    }
    await this.#reading;
    if (now - this.#readAt > STALE_MS) {
      throw new CountersignError(
        'unavailable',
        `the permit keys at ${this.#url} cannot be read; do not execute. check COUNTERSIGN_URL and try again`,
      );
    }
    return this.#keys;
  }

  async #read(now: number): Promise<void> {
    this.#triedAt = now;
    try {
      const stop = AbortSignal.timeout(5000);
      const response = await this.#fetch(this.#url, { redirect: 'manual', signal: stop });
      const body = (await response.json()) as { keys?: unknown };
      if (!response.ok || !Array.isArray(body.keys)) return;
      this.#keys = body.keys as JWK[];
      this.#readAt = now;
    } catch {
      // The keys read before hold for their time; the next permit after the cooldown tries again.
      return;
    }
  }
}
