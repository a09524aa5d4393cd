import { createPublicKey } from 'node:crypto';
import { CountersignError } from '../../contract/index.ts';
import { publicJwk, type PublicJwk, type SignatureAlgorithm } from '../../sealing/index.ts';
import type { RemoteRef } from '../signer-ref.ts';

/** Milliseconds that one call of a key manager may take. The caller retries. */
export const CALL_MS = 5000;

/** A key as its manager has it now. */
export interface ManagedKey<R extends RemoteRef = RemoteRef> {
  /** Names this exact key for ever: aliases and newest versions are resolved. */
  ref: R;
  jwk: PublicJwk;
}

/** One kind of key manager. */
export interface KeyManager<R extends RemoteRef = RemoteRef> {
  /**
   * @throws CountersignError `configuration` when there is no such key, it may not be used, or it is of a kind that cannot sign here;
   * `unavailable` when the manager does not answer.
   */
  describe(ref: R): Promise<ManagedKey<R>>;
  /** Signs; ES256 as `r || s`. @throws on any failure; the error holds no secret. */
  sign(ref: R, algorithm: SignatureAlgorithm, message: Uint8Array): Promise<Uint8Array>;
}

/** SPKI, as key managers hand out public keys. @throws CountersignError `configuration` for anything but Ed25519 and P-256 */
export function jwkOfSpki(key: { der: Uint8Array } | { pem: string }): PublicJwk {
  const parsed =
    'pem' in key
      ? createPublicKey(key.pem)
      : createPublicKey({ key: Buffer.from(key.der), format: 'der', type: 'spki' });
  const { crv, x = '', y = '' } = parsed.export({ format: 'jwk' });
  if (crv === 'Ed25519') return publicJwk({ crv, x });
  if (crv === 'P-256') return publicJwk({ crv, x, y });
  throw unusable('is neither an Ed25519 nor a P-256 key; make one of these for signing');
}

export function unusable(why: string, cause?: unknown): CountersignError {
  return new CountersignError('configuration', `the key of the key manager ${why}`, { cause });
}

export function unreachable(manager: string, cause?: unknown): CountersignError {
  return new CountersignError(
    'unavailable',
    `${manager} does not answer, and nothing is signed without it; nothing was released. see that it can be reached`,
    { cause },
  );
}
