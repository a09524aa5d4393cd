/** Ed25519 by node:crypto: fifteen times faster than in JavaScript. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { BoundedMap, hashOfBytes, toBase64Url } from '../canonical/index.ts';
import type { NoteKey, VerifyEd25519 } from '../ledger/index.ts';
import { publicJwk, type PublicJwk, type Signer, type VerifySignature } from '../sealing/index.ts';
import type { SigningKey } from './key-file.ts';

/** Signs a log's checkpoints. */
export interface NoteSigner {
  /** Name (the log's origin), id and public key. */
  readonly key: NoteKey;
  /** The public key as verifiers take it. */
  readonly vkey: string;
  /** @throws when the key cannot be used now. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/**
 * A new key pair. It goes through DER: while Node.js 20 exports a key as JWK, it holds the key's lock, and a garbage collection then may
 * end the job that generated this very key, which waits for the lock. The process stood still for ever (`~KeyGenJob` in `ExportJWKEdKey`).
 */
export function newSigningKey(use: SigningKey['use'], since: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const key = createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' });
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  return { kind: 'signing', use, since, until: null, jwk: { kty: 'OKP', crv: 'Ed25519', x, d } };
}

/** The newest signatures that this process made, and the hash of what each signs: they need no checking here. */
const made = new BoundedMap<string, string>(4096);
const madeBy = (x: string | undefined, signature: Uint8Array): string =>
  `${x ?? ''} ${Buffer.from(signature).toString('base64')}`;
const isMadeHere = (x: string | undefined, message: Uint8Array, signature: Uint8Array): boolean =>
  made.get(madeBy(x, signature)) === hashOfBytes(message);

function signWith(key: SigningKey): (message: Uint8Array) => Promise<Uint8Array> {
  const privateKey = createPrivateKey({ key: key.jwk, format: 'jwk' });
  return (message) => {
    const signature = new Uint8Array(sign(null, message, privateKey));
    made.set(madeBy(key.jwk.x, signature), hashOfBytes(message));
    return Promise.resolve(signature);
  };
}

export function signerOf(key: SigningKey): Signer {
  const jwk = publicJwk({ crv: 'Ed25519', x: key.jwk.x });
  return { kid: jwk.kid, algorithm: 'EdDSA', publicJwk: jwk, sign: signWith(key) };
}

/** Parsing a key costs as much as a signature, so recently used keys are cached. */
const publicKeys = new BoundedMap<string, KeyObject>(256);

const SIGNATURE_BYTES = 64;

function keyObject({ kty, crv, x, y }: Pick<PublicJwk, 'kty' | 'crv' | 'x' | 'y'>): KeyObject {
  const id = `${crv} ${x} ${y ?? ''}`;
  const known = publicKeys.get(id);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: y === undefined ? { kty, crv, x } : { kty, crv, x, y }, format: 'jwk' });
  publicKeys.set(id, key);
  return key;
}

/** {@link VerifySignature} by node:crypto, for Ed25519 and P-256. False for whatever is wrong, the key included. */
export const nodeVerify: VerifySignature = (jwk, message, signature) => {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    const key = keyObject(jwk);
    if (jwk.alg === 'EdDSA') return verify(null, message, key, signature);
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
};

/** {@link nodeVerify} that does not check what this process signed itself, such as a permit that comes back a moment later. */
export const verifyUnlessMadeHere: VerifySignature = (jwk, message, signature) =>
  (jwk.alg === 'EdDSA' && isMadeHere(jwk.x, message, signature)) || nodeVerify(jwk, message, signature);

/** The same for notes, such as the checkpoint of the last commit. */
export const verifyNoteUnlessMadeHere: VerifyEd25519 = (publicKey, message, signature) =>
  isMadeHere(toBase64Url(publicKey), message, signature) || nodeVerifyEd25519(publicKey, message, signature);

/** {@link VerifyEd25519} by node:crypto, for notes. */
export const nodeVerifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(null, message, keyObject({ kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }), signature);
  } catch {
    return false;
  }
};
