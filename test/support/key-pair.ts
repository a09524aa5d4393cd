/** Key pairs for tests. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

function generate(type: 'ed25519' | 'ec' | 'rsa'): Buffer {
  if (type === 'ed25519') {
    return generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      publicKeyEncoding: { type: 'spki', format: 'der' },
    }).privateKey;
  }
  if (type === 'ec') {
    return generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      publicKeyEncoding: { type: 'spki', format: 'der' },
    }).privateKey;
  }
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  }).privateKey;
}

/**
 * A new pair: Ed25519, P-256, or RSA of 2,048 bits. Its keys are not those that the generator made, for the reason at `newSigningKey`
 * (src/keys/ed25519.ts).
 */
export function keyPair(type: 'ed25519' | 'ec' | 'rsa'): { publicKey: KeyObject; privateKey: KeyObject } {
  const privateKey = createPrivateKey({ key: generate(type), type: 'pkcs8', format: 'der' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
