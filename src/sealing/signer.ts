/** Keys and signatures: Ed25519 (RFC 8032), and ECDSA P-256 where a key manager has no Ed25519. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { canonicalBytes, concatBytes, fromBase64Url, sha256, toBase64Url } from '../canonical/index.ts';

export const SIGNATURE_ALGORITHMS = ['EdDSA', 'ES256'] as const;
/** Ed25519 and ES256 alike. */
const SIGNATURE_BYTES = 64;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** A public key as RFC 7517 and RFC 8037 write it. */
export interface PublicJwk {
  kty: 'OKP' | 'EC';
  crv: 'Ed25519' | 'P-256';
  x: string;
  y?: string;
  kid: string;
  alg: SignatureAlgorithm;
  use: 'sig';
}

/**
 * Signs. ES256 signatures are `r || s`, 64 bytes (RFC 7518 section 3.4), whatever form the key manager uses; envelopes hold them as DER.
 */
export interface Signer {
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly publicJwk: PublicJwk;
  /** @throws when the key cannot be used now, so that nothing is released unsigned. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Checks one signature. False for any fault. */
export type VerifySignature = (
  jwk: PublicJwk,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** RFC 7638 thumbprint: SHA-256 of the required members in canonical form, base64url. */
export function thumbprint(jwk: Pick<PublicJwk, 'kty' | 'crv' | 'x' | 'y'>): string {
  const { kty, crv, x, y } = jwk;
  return toBase64Url(sha256(canonicalBytes(y === undefined ? { crv, kty, x } : { crv, kty, x, y })));
}

/** A public key from its raw parts, with its thumbprint as `kid`. */
export function publicJwk(key: { crv: 'Ed25519'; x: string } | { crv: 'P-256'; x: string; y: string }): PublicJwk {
  const kty = key.crv === 'Ed25519' ? 'OKP' : 'EC';
  const alg = key.crv === 'Ed25519' ? 'EdDSA' : 'ES256';
  return { kty, ...key, kid: thumbprint({ kty, ...key }), alg, use: 'sig' };
}

/** A JWK of ours or of another's making as a key we know how to use, or null. Its `kid` is computed, never believed. */
export function readPublicJwk(value: unknown): PublicJwk | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kty, crv, x, y } = value as Record<string, unknown>;
  if (typeof x !== 'string') return null;
  try {
    if (kty === 'OKP' && crv === 'Ed25519' && fromBase64Url(x).length === 32) return publicJwk({ crv, x });
    if (
      kty === 'EC' &&
      crv === 'P-256' &&
      typeof y === 'string' &&
      fromBase64Url(x).length === 32 &&
      fromBase64Url(y).length === 32
    ) {
      return publicJwk({ crv, x, y });
    }
  } catch {
    return null;
  }
  return null;
}

/**
 * Runs a verifier that was handed in. One that throws, as some do for a key or signature they cannot even read, has not verified.
 */
export async function isSignedBy(
  verify: VerifySignature,
  jwk: PublicJwk,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return await verify(jwk, message, signature);
  } catch {
    return false;
  }
}

/** {@link VerifySignature} in JavaScript alone, for where there is no other; about fifteen times slower than node:crypto. */
export const nobleVerify: VerifySignature = (jwk, message, signature) => {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    const x = fromBase64Url(jwk.x);
    if (jwk.alg === 'EdDSA') return ed25519.verify(signature, message, x, { zip215: false });
    const key = concatBytes(Uint8Array.of(4), x, fromBase64Url(jwk.y ?? ''));
    return p256.verify(signature, message, key, { lowS: false });
  } catch {
    // A key that is no point of its curve has signed nothing.
    return false;
  }
};
