import { ed25519 } from '@noble/curves/ed25519.js';

/** Checks an Ed25519 signature (RFC 8032) over a message; the key is 32 bytes, the signature 64. */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Signs a message with Ed25519; 64 bytes. */
export type SignEd25519 = (message: Uint8Array) => Promise<Uint8Array>;

export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

/** {@link VerifyEd25519} in plain JavaScript, for platforms without another. About fifteen times slower than node:crypto. Never throws. */
export const nobleVerifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (publicKey.length !== ED25519_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    // A key that is not a point of the curve has signed nothing.
    return false;
  }
};
