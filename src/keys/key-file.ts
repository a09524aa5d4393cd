/** One file of secret keys. The first process makes it, and it only changes as a whole. */
import { randomBytes, type JsonWebKey } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import { SIGNING_USES } from '../sealing/index.ts';

/** The key of a use that has no end signs. Older keys stay, for what they signed or encrypted. */
const signing = {
  use: z.enum(SIGNING_USES),
  /** RFC 3339 UTC: when it was made; for the first of its use, when it began to sign. */
  since: z.iso.datetime(),
  /** When its successor took over. A log key whose end lies in the future signs beside its successor. */
  until: z.iso.datetime().nullable(),
  /** Made, and known to verifiers, but not signing yet: the record that introduces it is not sealed. */
  pending: z.literal(true).exactOptional(),
  /** When it was revoked: a time, and a size of the log. */
  revoked: z.strictObject({ at: z.iso.datetime(), from: z.int().nonnegative() }).exactOptional(),
};

/** A private signing key. */
const signingKeySchema = z.strictObject({
  kind: z.literal('signing'),
  ...signing,
  jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
});

/** A signing key that never leaves its key manager. */
const remoteKeySchema = z.strictObject({
  kind: z.literal('remote'),
  ...signing,
  /** Names this very key (`formatSignerRef`). */
  signer: z.string(),
  /** The public key, as the manager gave it when the key was taken into use. A signature by any other key is rejected. */
  jwk: z.strictObject({
    kty: z.enum(['OKP', 'EC']),
    crv: z.enum(['Ed25519', 'P-256']),
    x: z.string(),
    y: z.string().exactOptional(),
  }),
});

const secretKeySchema = z.strictObject({
  kind: z.literal('secret'),
  use: z.enum(['payload', 'codec', 'webhook']),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
  /** 32 bytes, base64url. */
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export const keyFileSchema = z.strictObject({
  v: z.literal(1),
  keys: z.array(z.discriminatedUnion('kind', [signingKeySchema, remoteKeySchema, secretKeySchema])).min(1),
});

export type SigningKey = z.infer<typeof signingKeySchema>;
export type RemoteKey = z.infer<typeof remoteKeySchema>;
/** A key that signs, wherever it is. */
export type AnySigningKey = SigningKey | RemoteKey;
export type SecretKey = z.infer<typeof secretKeySchema>;
export type KeyFile = z.infer<typeof keyFileSchema>;
export type PrivateJwk = JsonWebKey & SigningKey['jwk'];

const OTHERS = 0o077;

/**
 * Reads a file of keys, or makes it. The file appears whole or not at all, with mode 0600, and on disk. If several processes start
 * together, one makes it and all read the same.
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

/**
 * Replaces a file of keys, whole and on disk. The caller holds a lock, because only one process at a time may do so.
 *
 * @throws CountersignError `configuration` when it cannot be read or written
 */
export function changeKeyFile(file: string, change: (keys: KeyFile['keys']) => KeyFile['keys']): KeyFile {
  const next: KeyFile = { v: 1, keys: change(read(file).keys) };
  const draft = draftOf(file);
  try {
    writeDraft(draft, JSON.stringify(keyFileSchema.parse(next), null, 2));
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new CountersignError(
      'configuration',
      `the key file \`${file}\` cannot be written (${code}); make its folder writable. the keys are as they were`,
    );
  }
  syncFolder(file);
  return next;
}

const draftOf = (file: string): string => `${file}.${randomBytes(8).toString('hex')}`;
const writeDraft = (draft: string, text: string): void =>
  writeFileSync(draft, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });

function syncFolder(file: string): void {
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Linking a finished file never replaces an existing one, so the first process wins. */
function publish(file: string, text: string): void {
  const draft = draftOf(file);
  try {
    writeDraft(draft, text);
    linkSync(draft, file);
    syncFolder(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @throws CountersignError `configuration`; what `readFileSync` throws where there is none */
export function read(file: string): KeyFile {
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
