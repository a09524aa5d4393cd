/** AES-256-GCM with one layout, for stored payloads, their keys and Temporal's payloads. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { SecretKey } from './key-file.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A symmetric key with a name that says nothing about it. */
export interface NamedKey {
  /** 16 hexadecimal digits. */
  id: string;
  secret: Uint8Array;
}

export function namedKey(key: SecretKey): NamedKey {
  const secret = Buffer.from(key.secret, 'base64url');
  const id = createHash('sha256').update('countersign key id v1\n').update(secret).digest('hex').slice(0, 16);
  return { id, secret };
}

/** A key for one purpose from another key (HKDF-SHA256, RFC 5869). */
export function deriveKey(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), purpose, 32));
}

/** `iv (12) || tag (16) || ciphertext`, with a random iv. Opening it takes the same `bound`. */
export function seal(key: Uint8Array, bound: string, plaintext: Uint8Array): Uint8Array {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(bound, 'utf8'));
  const body = [cipher.update(plaintext), cipher.final()];
  return Buffer.concat([iv, cipher.getAuthTag(), ...body]);
}

/** Null when it was altered, cut, sealed with another key, or bound to something else. */
export function open(key: Uint8Array, bound: string, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(bound, 'utf8'))
    .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
