/** One file of secret keys: made once, by whoever comes first, and never changed by accident. */
import { randomBytes, type JsonWebKey } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';

/** A private signing key. The newest of its use without an end signs; older ones stay, for what was signed or sealed with them. */
const signingKeySchema = z.strictObject({
  kind: z.literal('signing'),
  use: z.enum(['record', 'permit', 'log', 'attestation']),
  /** RFC 3339 UTC. */
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
  jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
});

const secretKeySchema = z.strictObject({
  kind: z.literal('secret'),
  use: z.enum(['payload', 'codec', 'webhook']),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
  /** 32 bytes, base64url. */
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

const keyFileSchema = z.strictObject({
  v: z.literal(1),
  keys: z.array(z.discriminatedUnion('kind', [signingKeySchema, secretKeySchema])).min(1),
});

export type SigningKey = z.infer<typeof signingKeySchema>;
export type SecretKey = z.infer<typeof secretKeySchema>;
export type KeyFile = z.infer<typeof keyFileSchema>;
export type PrivateJwk = JsonWebKey & SigningKey['jwk'];

const OTHERS = 0o077;

/**
 * Reads a file of keys, or makes it. The file appears whole or not at all, mode 0600, and on disk; of several processes at once one
 * makes it and all read the same.
 *
 * @throws CountersignError `configuration` when it cannot be read, is open to others, or is not one of ours.
 */
export function loadOrMake(file: string, make: () => KeyFile): KeyFile {
  try {
    return read(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    publish(file, JSON.stringify(make(), null, 2));
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `the keys cannot be written to \`${dirname(file)}\`; make that folder writable, or set COUNTERSIGN_DATA to another one`,
      { cause: error },
    );
  }
  return read(file);
}

/** A link to a finished file never replaces one that is there: the first wins. */
function publish(file: string, text: string): void {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(draft, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, file);
    const folder = openSync(dirname(file), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): KeyFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) throw error;
    throw new CountersignError(
      'configuration',
      `the key file \`${file}\` cannot be read; run Countersign as the user that made it`,
      { cause: error },
    );
  }
  if ((statSync(file).mode & OTHERS) !== 0) {
    throw new CountersignError(
      'configuration',
      `the key file \`${file}\` is open to other users; run \`chmod 600\` on it, and replace its keys if somebody may have read them`,
    );
  }
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch {
    // The cause would quote the file.
    throw new CountersignError('configuration', `the key file \`${file}\` is damaged; restore it from a backup`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
