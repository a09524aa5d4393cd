/** An issuer's public keys: read from its configured address, kept for a limited time when it is down, never chosen by a token. */
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { CountersignError } from '../contract/index.ts';

export type IssuerKeySet = ReturnType<typeof createLocalJWKSet>;

export interface IssuerKeysOptions {
  /** The issuer's name in the settings, for messages. */
  name: string;
  issuer: string;
  /** Where the keys are; found by OpenID Connect Discovery when left out. */
  jwksUri: string | null;
  /** Milliseconds for which the last good keys serve while the issuer cannot be read. */
  staleMs: number;
  fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Milliseconds after which keys are read again, and between two reads that a token or a failure causes. */
const FRESH_MS = 10 * 60_000;
const COOLDOWN_MS = 10_000;
const TIMEOUT_MS = 5000;
const ANSWER_MAX_BYTES = 256 * 1024;

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Whether keys may be read from there: https, or this machine. */
export function isTrustworthy(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #set: { keys: IssuerKeySet; kids: ReadonlySet<string | undefined> } | null = null;
  #readAt = -Infinity;
  #triedAt = -Infinity;
  #reading: Promise<void> | null = null;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * The keys. They are read again when they are old or lack this id; meanwhile the old ones serve.
   *
   * @throws CountersignError `unavailable` where there are none young enough
   */
  async with(kid: string | undefined): Promise<IssuerKeySet> {
    const { now, staleMs, name } = this.#options;
    const age = now() - this.#readAt;
    const unknown = this.#set === null || !this.#set.kids.has(kid);
    if ((unknown || age > FRESH_MS) && now() - this.#triedAt > COOLDOWN_MS) {
      this.#triedAt = now();
      this.#reading ??= this.#read().finally(() => (this.#reading = null));
    }
    // A known key serves while the set is read again.
    if (unknown || age > staleMs) await this.#reading;
    if (this.#set === null || now() - this.#readAt > staleMs) {
      throw new CountersignError(
        'unavailable',
        `the keys of the issuer \`${name}\` cannot be read; nobody of it is let in until they can`,
      );
    }
    return this.#set.keys;
  }

  async #read(): Promise<void> {
    try {
      const set = (await this.#json(await this.#address())) as unknown as JSONWebKeySet;
      // Throws for anything but a key set.
      const keys = createLocalJWKSet(set);
      this.#set = { keys, kids: new Set(set.keys.map(({ kid }) => kid)) };
      this.#readAt = this.#options.now();
    } catch {
      // The keys read before serve for their time; the next token after the cooldown tries again.
      return;
    }
  }

  async #address(): Promise<string> {
    const { jwksUri, issuer } = this.#options;
    if (jwksUri !== null) return jwksUri;
    const discovery = await this.#json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const uri = discovery['jwks_uri'];
    // OpenID Connect Discovery 1.0 section 4.3: the document is the issuer's own.
    if (discovery['issuer'] !== issuer || typeof uri !== 'string' || !isTrustworthy(uri))
      throw new Error('not its own');
    return uri;
  }

  async #json(url: string): Promise<Record<string, unknown>> {
    const response = await this.#options.fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > ANSWER_MAX_BYTES) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof json !== 'object' || json === null) throw new Error('the answer is no object');
    return json as Record<string, unknown>;
  }
}
