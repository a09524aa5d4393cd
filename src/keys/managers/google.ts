/** Google Cloud KMS over its REST interface; Google's own library signs in (application default credentials). */
import { createHash } from 'node:crypto';
import type { GoogleAuth } from 'google-auth-library';
import { fromDer } from '../../sealing/index.ts';
import type { RemoteRef } from '../signer-ref.ts';
import { askJson, bytesOf, type JsonAnswer } from './http.ts';
import { CALL_MS, jwkOfSpki, unreachable, unusable, type KeyManager } from './types.ts';

type GoogleRef = Extract<RemoteRef, { kind: 'gcp-kms' }>;

export const GOOGLE_KMS_URL = 'https://cloudkms.googleapis.com/';
const SCOPE = 'https://www.googleapis.com/auth/cloudkms';

const SIGNS = ['EC_SIGN_ED25519', 'EC_SIGN_P256_SHA256'];

/** @param url The service's address, if it is not the public one (Private Service Connect). */
export function createGoogleKms(url: string = GOOGLE_KMS_URL): KeyManager<GoogleRef> {
  const auths = new Map<string, Promise<GoogleAuth>>();
  const signIn = (projectId: string): Promise<GoogleAuth> => {
    let auth = auths.get(projectId);
    if (auth === undefined) {
      auth = import('google-auth-library').then(({ GoogleAuth: Auth }) => new Auth({ scopes: [SCOPE], projectId }));
      auths.set(projectId, auth);
    }
    return auth;
  };
  const ask = async (path: string, body?: Record<string, unknown>): Promise<JsonAnswer> => {
    // Otherwise Google's library would ask another service which project this is.
    const auth = await signIn(path.split('/')[1] ?? '');
    const token = await inTime(auth.getAccessToken());
    if (typeof token !== 'string') throw new Error('Google gave no access token');
    return askJson(new URL(`v1/${path}`, url), { authorization: `Bearer ${token}` }, body);
  };
  return {
    async describe(ref) {
      let answer: JsonAnswer;
      try {
        answer = await ask(`${ref.name}/publicKey`);
      } catch (error) {
        if (/default credentials/i.test(String(error))) {
          throw unusable(
            'cannot be asked for: set GOOGLE_APPLICATION_CREDENTIALS, or run where Google gives some',
            error,
          );
        }
        throw unreachable('Google Cloud KMS', error);
      }
      const { status, body } = answer;
      if (status >= 500 || status === 429) throw unreachable('Google Cloud KMS');
      if (status !== 200) throw unusable(`cannot be used (Google: ${status}); correct the name or its permissions`);
      if (!SIGNS.includes(String(body['algorithm']))) {
        throw unusable(`is a key for something else; its algorithm must be one of ${SIGNS.join(', ')}`);
      }
      return { ref, jwk: jwkOfSpki({ pem: String(body['pem']) }) };
    },
    async sign(ref, algorithm, message) {
      const ecdsa = algorithm === 'ES256';
      const digest = (): string => createHash('sha256').update(message).digest('base64');
      const { status, body } = await ask(
        `${ref.name}:asymmetricSign`,
        ecdsa ? { digest: { sha256: digest() } } : { data: Buffer.from(message).toString('base64') },
      );
      if (status !== 200) throw new Error(`Google Cloud KMS answered ${status}`);
      const signature = bytesOf(body['signature']);
      return ecdsa ? (fromDer(signature) ?? new Uint8Array(0)) : signature;
    },
  };
}

/** Google's library has no time limit. */
async function inTime<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no access token in ${CALL_MS} ms`)), CALL_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
