/**
 * The stack's secrets of webhooks. While one is replaced, both sign: Standard Webhooks takes several signatures, so a receiver that has not switched yet loses no delivery.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { changeKeyFile, loadOrMake, type KeyFile, type SecretKey } from './key-file.ts';
import { LiveKeyFile } from './live-file.ts';

/** Most replaced secrets that are kept while they still sign. */
const SIGNING_MAX = 5;

export class WebhookSecrets {
  readonly #path: string;
  readonly #first: SecretKey;
  readonly #file: LiveKeyFile;

  /**
   * @param path of the file that is made when the secret is replaced for the first time
   * @param first the secret that the stack was made with
   */
  constructor(path: string, first: SecretKey) {
    this.#path = path;
    this.#first = first;
    this.#file = new LiveKeyFile(path);
  }

  /** The current secrets, the newest first. Base64, without `whsec_`. */
  signing(now: Date): [string, ...string[]] {
    const [first = this.#first, ...rest] = this.#secrets().filter(
      ({ until }) => until === null || Date.parse(until) > now.getTime(),
    );
    return [written(first), ...rest.map(written)];
  }

  /**
   * Makes the next secret. The one before it signs beside it until `until`, RFC 3339. Other processes see it within a second. Only one
   * process at a time may do so.
   */
  replace(now: Date, until: string): string {
    const since = now.toISOString();
    const next: SecretKey = { kind: 'secret', use: 'webhook', since, until: null, secret: newSecretText() };
    loadOrMake(this.#path, () => ({ v: 1, keys: [this.#first] }));
    changeKeyFile(this.#path, (keys) => [next, ...ended(keys, until)].slice(0, SIGNING_MAX));
    this.#file.readKeys();
    return written(next);
  }

  #secrets(): SecretKey[] {
    if (!existsSync(this.#path)) return [this.#first];
    return this.#file.keys().filter((key): key is SecretKey => key.kind === 'secret' && key.use === 'webhook');
  }
}

/** The secrets before the next one, the newest first. Each ends at `until`, or earlier if that was set before. */
const ended = (keys: KeyFile['keys'], until: string): KeyFile['keys'] =>
  keys.map((key) => (key.until === null || key.until > until ? { ...key, until } : key));

/** 32 random bytes, base64url. */
export const newSecretText = (): string => randomBytes(32).toString('base64url');

const written = ({ secret }: SecretKey): string => Buffer.from(secret, 'base64url').toString('base64');
