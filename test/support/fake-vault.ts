/**
 * A fake of the transit engine of HashiCorp Vault and OpenBao: not Vault, but its protocol as their API documentation
 * describes it (`GET /v1/transit/keys/:name`, `POST /v1/transit/sign/:name`, `POST …/rotate`), with real keys behind it. It refuses what
 * they refuse: a wrong token (403), an unknown key (404), hashing options that do not fit the type of the key (400).
 */
import { sign, type KeyObject } from 'node:crypto';
import { signDigest } from './sign-digest.ts';
import { startFake, type FakeAnswer, type FakeRequest, type FakeServer } from './fake-key-manager.ts';
import { keyPair } from './key-pair.ts';

type Type = 'ed25519' | 'ecdsa-p256';

export interface FakeVault extends FakeServer {
  token: string;
  /** Makes a key with one version, or adds a version to it. */
  make(name: string, type?: Type): void;
}

interface TransitKey {
  type: Type;
  versions: { privateKey: KeyObject; publicKey: KeyObject }[];
}

const pair = (type: Type): TransitKey['versions'][number] => (type === 'ed25519' ? keyPair('ed25519') : keyPair('ec'));

const refused = (status: number, ...errors: string[]): FakeAnswer => ({ status, body: { errors } });

export async function startFakeVault(): Promise<FakeVault> {
  const keys = new Map<string, TransitKey>();
  const token = 'hvs.fake-token';
  const server = await startFake((request) => {
    if (request.headers['x-vault-token'] !== token) return refused(403, 'permission denied');
    const [, verb = '', name = ''] = /^\/v1\/transit\/(keys|sign)\/([^/]+)$/.exec(request.path) ?? [];
    const key = keys.get(name);
    if (key === undefined) return refused(404);
    if (verb === 'keys' && request.method === 'GET') return { status: 200, body: { data: described(name, key) } };
    if (verb === 'sign' && request.method === 'POST') return signed(key, request);
    return refused(405, 'unsupported operation');
  });
  return Object.assign(server, {
    token,
    make(name: string, type: Type = 'ed25519') {
      const known = keys.get(name);
      if (known === undefined) keys.set(name, { type, versions: [pair(type)] });
      else known.versions.push(pair(known.type));
    },
  });
}

function described(name: string, { type, versions }: TransitKey): object {
  const shown = versions.map(({ publicKey }, i) => [
    String(i + 1),
    {
      creation_time: '2026-11-21T10:00:00Z',
      name: type === 'ed25519' ? 'ed25519' : 'P-256',
      public_key:
        type === 'ed25519'
          ? Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
          : publicKey.export({ format: 'pem', type: 'spki' }),
    },
  ]);
  return {
    name,
    type,
    latest_version: versions.length,
    keys: Object.fromEntries(shown) as object,
    supports_signing: true,
  };
}

function signed({ type, versions }: TransitKey, { body }: FakeRequest): FakeAnswer {
  const { input, key_version: wanted = 0, prehashed = false, hash_algorithm: hash, marshaling_algorithm: form } = body;
  if (typeof input !== 'string') return refused(400, 'unable to decode input as base64');
  const version = wanted === 0 ? versions.length : Number(wanted);
  const key = versions[version - 1];
  if (key === undefined) return refused(400, 'cannot use a version that does not exist');
  const bytes = Buffer.from(input, 'base64');
  let signature: string;
  if (type === 'ed25519') {
    if (prehashed === true) return refused(400, 'only Pure Ed25519 signatures supported');
    signature = sign(null, bytes, key.privateKey).toString('base64');
  } else {
    if (hash !== undefined && hash !== 'sha2-256')
      return refused(400, `unsupported hash algorithm: ${JSON.stringify(hash)}`);
    if (prehashed !== true) return refused(400, 'this fake takes digests only');
    if (bytes.length !== 32) return refused(400, 'input length does not match the hash');
    signature =
      form === 'jws'
        ? signDigest(bytes, key.privateKey, 'raw').toString('base64url')
        : signDigest(bytes, key.privateKey, 'der').toString('base64');
  }
  return { status: 200, body: { data: { signature: `vault:v${version}:${signature}`, key_version: version } } };
}
