/**
 * A fake of Google Cloud KMS and of Google's Security Token Service: not Google, but the REST protocol as their documentation describes it
 * (`cryptoKeyVersions.getPublicKey`, `cryptoKeyVersions.asymmetricSign`, token exchange of RFC 8693), with real keys behind it. Google's own
 * library signs in to it by workload identity federation. It refuses what Google refuses: no token (401), an unknown version (404), a
 * digest for Ed25519 or data for ECDSA (400).
 */
import { sign, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signDigest } from './sign-digest.ts';
import { startFake, type FakeAnswer, type FakeRequest, type FakeServer } from './fake-key-manager.ts';
import { keyPair } from './key-pair.ts';

type Algorithm = 'EC_SIGN_ED25519' | 'EC_SIGN_P256_SHA256' | 'RSA_SIGN_PSS_2048_SHA256';

export interface FakeGoogleKms extends FakeServer {
  /** A version's full name, made with a fresh key. */
  make(key: string, algorithm: Algorithm): string;
  /** Writes a credential file (`GOOGLE_APPLICATION_CREDENTIALS`) that leads to this fake. */
  credentials(folder: string): string;
}

const error = (code: number, status: string): FakeAnswer => ({ status: code, body: { error: { code, status } } });

export async function startFakeGoogleKms(): Promise<FakeGoogleKms> {
  const versions = new Map<string, { algorithm: Algorithm; privateKey: KeyObject; publicKey: KeyObject }>();
  const token = 'ya29.fake-token';
  const server = await startFake((request) => {
    if (request.path === '/sts/v1/token') return exchanged(request, token);
    if (request.headers['authorization'] !== `Bearer ${token}`) return error(401, 'UNAUTHENTICATED');
    const [, name = '', verb = ''] =
      /^\/v1\/(.+\/cryptoKeyVersions\/\d+)(\/publicKey|:asymmetricSign)$/.exec(request.path) ?? [];
    const key = versions.get(name);
    if (key === undefined) return error(404, 'NOT_FOUND');
    if (verb === '/publicKey') {
      const pem = key.publicKey.export({ format: 'pem', type: 'spki' });
      return { status: 200, body: { name, algorithm: key.algorithm, protectionLevel: 'HSM', pem } };
    }
    const signature = signed(key, request.body);
    if (signature === null) return error(400, 'INVALID_ARGUMENT');
    return { status: 200, body: { name, signature: signature.toString('base64'), protectionLevel: 'HSM' } };
  });
  return Object.assign(server, {
    make(key: string, algorithm: Algorithm) {
      const ring = `projects/p/locations/europe/keyRings/countersign/cryptoKeys/${key}/cryptoKeyVersions`;
      const number = [...versions.keys()].filter((name) => name.startsWith(`${ring}/`)).length + 1;
      versions.set(`${ring}/${number}`, { algorithm, ...pairOf(algorithm) });
      return `${ring}/${number}`;
    },
    credentials(folder: string) {
      const subject = join(folder, 'subject-token');
      writeFileSync(subject, 'the workload says who it is');
      const file = join(folder, 'google-credentials.json');
      const pool = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider';
      writeFileSync(
        file,
        JSON.stringify({
          type: 'external_account',
          audience: pool,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          token_url: `${server.url}/sts/v1/token`,
          credential_source: { file: subject },
        }),
      );
      return file;
    },
  });
}

function pairOf(algorithm: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case 'EC_SIGN_ED25519':
      return keyPair('ed25519');
    case 'EC_SIGN_P256_SHA256':
      return keyPair('ec');
    case 'RSA_SIGN_PSS_2048_SHA256':
      return keyPair('rsa');
  }
}

function exchanged({ body }: FakeRequest, token: string): FakeAnswer {
  const isExchange = body['grant_type'] === 'urn:ietf:params:oauth:grant-type:token-exchange';
  if (!isExchange || body['subject_token'] !== 'the workload says who it is') return error(400, 'INVALID_ARGUMENT');
  const type = 'urn:ietf:params:oauth:token-type:access_token';
  return {
    status: 200,
    body: { access_token: token, issued_token_type: type, token_type: 'Bearer', expires_in: 3600 },
  };
}

function signed(
  { algorithm, privateKey }: { algorithm: Algorithm; privateKey: KeyObject },
  { data, digest }: Record<string, unknown>,
): Buffer | null {
  if (algorithm === 'EC_SIGN_ED25519') {
    return typeof data === 'string' && digest === undefined
      ? sign(null, Buffer.from(data, 'base64'), privateKey)
      : null;
  }
  const sha256 = (digest as { sha256?: unknown } | undefined)?.sha256;
  if (algorithm !== 'EC_SIGN_P256_SHA256' || typeof sha256 !== 'string' || data !== undefined) return null;
  const bytes = Buffer.from(sha256, 'base64');
  return bytes.length === 32 ? signDigest(bytes, privateKey, 'der') : null;
}
