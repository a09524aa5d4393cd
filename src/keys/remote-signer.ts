import { CountersignError } from '../contract/index.ts';
import { publicJwk, type PublicJwk, type Signer } from '../sealing/index.ts';
import { nodeVerify } from './ed25519.ts';
import type { AnySigningKey, RemoteKey } from './key-file.ts';
import type { KeyManager } from './managers/index.ts';
import { parseSignerRef } from './signer-ref.ts';

/** The public half of a key of a file, whichever kind it is. */
export function publicHalf({ jwk: { crv, x, ...rest } }: Pick<AnySigningKey, 'jwk'>): PublicJwk {
  return crv === 'Ed25519' ? publicJwk({ crv, x }) : publicJwk({ crv, x, y: ('y' in rest ? rest.y : undefined) ?? '' });
}

/**
 * Signs with a key manager, and uses the signature only if it verifies under the key that was taken into use. So a manager that now has
 * another key under that name, or a corrupted answer, signs nothing.
 */
export function remoteSigner(key: RemoteKey, managers: KeyManager): Signer {
  const ref = parseSignerRef(key.signer);
  if (ref.kind === 'file') throw new Error('a key of a key manager is not in the file');
  const jwk = publicHalf(key);
  return {
    kid: jwk.kid,
    algorithm: jwk.alg,
    publicJwk: jwk,
    async sign(message) {
      let cause: unknown;
      try {
        const signature = await managers.sign(ref, jwk.alg, message);
        if (await nodeVerify(jwk, message, signature)) return signature;
        cause = new Error('the signature is not one of the key that was taken into use');
      } catch (error) {
        cause = error;
      }
      throw new CountersignError(
        'unavailable',
        `the key manager of ${key.use} keys (${ref.kind}) cannot sign now, and nothing is sealed or released unsigned. try again`,
        { cause, extensions: { retryAfter: 1 } },
      );
    },
  };
}
