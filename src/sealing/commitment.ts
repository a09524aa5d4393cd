/** Salted commitments: a value can later be shown to one person, and nobody can guess it from the record (docs/formats.md). */
import {
  canonicalBytes,
  concatBytes,
  equalBytes,
  hashOfBytes,
  hmacSha256,
  utf8,
  type Json,
} from '../canonical/index.ts';

const DOMAIN = utf8('countersign.commitment/v1');
const SALT_DOMAIN = utf8('countersign.salt/v1');

/** Each part is prefixed with its length in four bytes, big-endian, so that no two lists of parts have the same encoding. */
function framed(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [lengthOf(part), part]));
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}

/** The salt of one path: 32 bytes of HMAC-SHA256 under the action's key, so that opening one path opens no other. */
export function saltFor(actionKey: Uint8Array, path: string): Uint8Array {
  return hmacSha256(actionKey, framed(SALT_DOMAIN, utf8(path)));
}

/**
 * What the salt of a path is made of in record `seq` of an action: a record after the first is about a changed request, and a value that
 * was opened in one must not help to guess the other. `content` is the same in all, as in the request's hash.
 */
export function saltPath(path: string, seq: number): string {
  return seq === 0 || path === 'content' ? path : `${path}#${seq}`;
}

/** `sha256:` of domain, salt, path and canonical value, each led by its length. @throws CanonicalError when the value is not JSON */
export function commitment(salt: Uint8Array, path: string, value: Json): string {
  return hashOfBytes(framed(DOMAIN, salt, utf8(path), canonicalBytes(value)));
}

/** True when the salt opens the commitment at this path to this value. */
export function openCommitment(committed: string, salt: Uint8Array, path: string, value: Json): boolean {
  return equalBytes(utf8(commitment(salt, path, value)), utf8(committed));
}
