import type { KeyObject } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { toDer } from '../../src/sealing/index.ts';

/** ECDSA P-256 over a digest, as key managers take one: node:crypto hashes by itself, so noble does it. */
export function signDigest(digest: Uint8Array, key: KeyObject, form: 'raw' | 'der'): Buffer {
  const secret = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const raw = p256.sign(digest, secret, { prehash: false, lowS: false });
  return Buffer.from(form === 'der' ? toDer(raw) : raw);
}
