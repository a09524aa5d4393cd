/** The transit engine of HashiCorp Vault and OpenBao, which speak the same here. */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { publicJwk, type PublicJwk } from '../../sealing/index.ts';
import type { RemoteRef } from '../signer-ref.ts';
import { askJson, bytesOf, type JsonAnswer } from './http.ts';
import { jwkOfSpki, unreachable, unusable, type KeyManager } from './types.ts';

type VaultRef = Extract<RemoteRef, { kind: 'vault' }>;

export interface VaultSettings {
  /** `https://host:8200`. */
  address: string;
  namespace: string | undefined;
  token: string | undefined;
  /** Read at each call, because an agent renews the file. */
  tokenFile: string | undefined;
}

export function createVault(settings: VaultSettings | null): KeyManager<VaultRef> {
  const ask = (path: string, body?: Record<string, unknown>): Promise<JsonAnswer> => {
    if (settings === null) throw unusable('cannot be asked for: set VAULT_ADDR, and VAULT_TOKEN or VAULT_TOKEN_FILE');
    const { address, namespace, token, tokenFile } = settings;
    const vaultToken = tokenFile === undefined ? token : readFileSync(tokenFile, 'utf8').trim();
    return askJson(
      new URL(`v1/${path}`, address.endsWith('/') ? address : `${address}/`),
      {
        'x-vault-request': 'true',
        ...(vaultToken === undefined ? {} : { 'x-vault-token': vaultToken }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      body,
    );
  };
  return {
    async describe(ref) {
      let answer: JsonAnswer;
      try {
        answer = await ask(`${ref.mount}/keys/${ref.key}`);
      } catch (error) {
        if (error instanceof Error && error.name === 'CountersignError') throw error;
        throw unreachable('Vault', error);
      }
      if (answer.status >= 500 || answer.status === 429) throw unreachable('Vault');
      if (answer.status !== 200) {
        throw unusable(`cannot be used (Vault: ${answer.status}); correct its name, the mount or the token’s policy`);
      }
      const data = answer.body['data'] as { type?: unknown; latest_version?: unknown; keys?: Record<string, unknown> };
      const version = ref.version ?? Number(data.latest_version);
      const key = data.keys?.[version] as { public_key?: unknown } | undefined;
      const text = typeof key?.public_key === 'string' ? key.public_key : '';
      return { ref: { ...ref, version }, jwk: jwkOf(data.type, text) };
    },
    async sign(ref, algorithm, message) {
      const ecdsa = algorithm === 'ES256';
      const input = ecdsa ? createHash('sha256').update(message).digest() : Buffer.from(message);
      const { status, body } = await ask(`${ref.mount}/sign/${ref.key}`, {
        input: input.toString('base64'),
        key_version: ref.version,
        ...(ecdsa ? { prehashed: true, hash_algorithm: 'sha2-256', marshaling_algorithm: 'jws' } : {}),
      });
      if (status !== 200) throw new Error(`Vault answered ${status}`);
      const signature = (body['data'] as { signature?: unknown } | undefined)?.signature;
      const [, , encoded] = /^vault:v(\d+):(.+)$/.exec(String(signature)) ?? [];
      return bytesOf(encoded);
    },
  };
}

function jwkOf(type: unknown, key: string): PublicJwk {
  if (type === 'ed25519' && key !== '') {
    return publicJwk({ crv: 'Ed25519', x: Buffer.from(key, 'base64').toString('base64url') });
  }
  if (type === 'ecdsa-p256' && key !== '') return jwkOfSpki({ pem: key });
  throw unusable('has no such version, or is of another type than ed25519 and ecdsa-p256; make one of these');
}
