/** Starts through Temporal that only this stack can read: the whole input as a JWE (RFC 7516) to a published key. */
import { createECDH, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { deriveKey, type NamedKey } from './aead.ts';

/** Public half, as `/.well-known/jwks.json` shows it. */
export interface StartKeyJwk {
  kty: 'EC';
  crv: 'P-256';
  x: string;
  y: string;
  use: 'enc';
  alg: 'ECDH-ES';
  /** RFC 7638 thumbprint. */
  kid: string;
}

/** Opens starts that were encrypted to the stack. */
export interface StartKeys {
  /** The key to encrypt to. */
  readonly publicJwk: StartKeyJwk;
  /** The plaintext, or null for anything but a JWE to a key of ours. */
  open(jwe: string): Promise<Uint8Array | null>;
}

/** Bytes of the longest accepted JWE: a body of the largest size, in base64, with its headers. */
const JWE_MAX_LENGTH = 400_000;

const OPTIONS = {
  keyManagementAlgorithms: ['ECDH-ES', 'ECDH-ES+A256KW'],
  contentEncryptionAlgorithms: ['A256GCM'],
};

interface StartKey {
  publicJwk: StartKeyJwk;
  privateKey: KeyObject;
}

/**
 * Each codec key has a start key that is derived from it, so there is no further secret, and both rotate together.
 * A holder of the codec key could read the history anyway.
 */
export function createStartKeys(codec: readonly [NamedKey, ...NamedKey[]]): StartKeys {
  const [first, ...rest] = codec;
  const present = startKey(first);
  const keys = [present, ...rest.map(startKey)];
  return {
    publicJwk: present.publicJwk,
    async open(jwe) {
      if (jwe.length > JWE_MAX_LENGTH) return null;
      try {
        const { kid } = decodeProtectedHeader(jwe);
        const key = kid === undefined ? present : keys.find(({ publicJwk }) => publicJwk.kid === kid);
        return key === undefined ? null : (await compactDecrypt(jwe, key.privateKey, OPTIONS)).plaintext;
      } catch {
        return null;
      }
    },
  };
}

function startKey({ secret }: NamedKey): StartKey {
  const ecdh = createECDH('prime256v1');
  const d = privateScalar(secret, ecdh);
  // SEC 1 section 2.3.3: 04 || x || y.
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x, y } as const;
  return {
    publicJwk: { ...jwk, use: 'enc', alg: 'ECDH-ES', kid },
    privateKey: createPrivateKey({ format: 'jwk', key: { ...jwk, d: d.toString('base64url') } }),
  };
}

/** Derives a private key of the curve. All but one in 2^32 attempts succeed at the first try. */
function privateScalar(secret: Uint8Array, ecdh: ReturnType<typeof createECDH>): Buffer {
  for (let round = 0; ; round += 1) {
    const d = Buffer.from(deriveKey(secret, `countersign start encryption v1\n${round}`));
    try {
      ecdh.setPrivateKey(d);
      return d;
    } catch (error) {
      if (round === 8) throw error;
    }
  }
}
