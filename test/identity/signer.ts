import { sign } from 'node:crypto';
import type { Signer } from '../../src/sealing/index.ts';
import { keyPair } from '../support/key-pair.ts';

/** A fresh Ed25519 signer. */
export function testSigner(kid: string): Signer {
  const { publicKey, privateKey } = keyPair('ed25519');
  return {
    kid,
    algorithm: 'EdDSA',
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA' } as Signer['publicJwk'],
    sign: (bytes) => Promise.resolve(new Uint8Array(sign(null, bytes, privateKey))),
  };
}
