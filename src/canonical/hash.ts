import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from './bytes.ts';
import { canonicalize } from './json.ts';
import { nativeHmac, nativeSha256 } from './native.ts';

/** What {@link hashOf} writes: `sha256:` and 64 lower-case hexadecimal digits. */
export const HASH_PATTERN = /^sha256:[0-9a-f]{64}$/;

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nativeSha256 === null ? nobleSha256(bytes) : nativeSha256(bytes);
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** HMAC-SHA256 (RFC 2104), 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return nativeHmac === null ? hmac(nobleSha256, key, message) : nativeHmac(key, message);
}

/** `sha256:` and the hexadecimal SHA-256 of bytes: how every hash of the contract is written. */
export function hashOfBytes(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`;
}

/** {@link hashOfBytes} of the value's canonical JSON. @throws CanonicalError when the value is not JSON */
export function hashOf(value: unknown): string {
  return hashOfBytes(utf8(canonicalize(value)));
}
