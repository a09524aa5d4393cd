/** Keys in files: made at the first start, mode 0600 in a folder of mode 0700, and never anywhere else. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CountersignError } from '../contract/index.ts';
import type { PublicJwk, Signer } from '../sealing/index.ts';
import type { PayloadCipher } from '../store/index.ts';
import { namedKey, type NamedKey } from './aead.ts';
import { newSigningKey, noteSignerOf, signerOf, type NoteSigner } from './ed25519.ts';
import { loadOrMake, type KeyFile, type SecretKey, type SigningKey } from './key-file.ts';
import { createPayloadCipher } from './payload-cipher.ts';

/** A tenant's own keys: what it seals, releases and publishes is signed with no other tenant's. */
export interface TenantKeys {
  readonly record: Signer;
  readonly permit: Signer;
  readonly log: NoteSigner;
  /** Public keys of each use that ever signed, the present one last. */
  readonly history: Readonly<Record<'record' | 'permit', readonly KeyPeriod[]>>;
}

export interface KeyPeriod {
  jwk: PublicJwk;
  /** RFC 3339 UTC. */
  since: string;
  /** When its successor took over; null for the present key. */
  until: string | null;
}

export interface Keys {
  /** Signs that the gateway authenticated a human. */
  readonly attestation: Signer;
  readonly payloadCipher: PayloadCipher;
  /** For {@link createPayloadCodec}: the first encrypts. */
  readonly codec: readonly [NamedKey, ...NamedKey[]];
  /** Standard Webhooks secret, base64. */
  readonly webhookSecret: string;
  /**
   * The keys of a tenant, made when they are first asked for. Ask only for tenants that exist.
   *
   * @throws CountersignError `configuration` when they cannot be read or made.
   */
  forTenant(tenant: string): TenantKeys;
}

/** What a tenant may be called: it is part of file names and of the log's origin. */
const TENANT = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;

function newSecret(use: SecretKey['use'], since: string): SecretKey {
  return { kind: 'secret', use, since, until: null, secret: randomBytes(32).toString('base64url') };
}

function ofUse<T extends KeyFile['keys'][number]>(file: KeyFile, kind: T['kind'], use: T['use']): [T, ...T[]] {
  const found = file.keys.filter((key): key is T => key.kind === kind && key.use === use);
  // The key in use first: the one without an end.
  found.sort((a, b) => Number(a.until !== null) - Number(b.until !== null) || (a.since < b.since ? 1 : -1));
  const [first, ...rest] = found;
  if (first !== undefined && first.until === null) return [first, ...rest];
  throw new CountersignError('configuration', `a key file has no present key for \`${use}\`; restore it from a backup`);
}

/**
 * Opens the keys in `<dataDir>/keys`, and makes them at the first start. Several processes may do so at once and get the same.
 *
 * @throws CountersignError `configuration` when they cannot be read or made, or are open to other users.
 */
export function openFileKeys(dataDir: string): Promise<Keys> {
  return Promise.resolve().then(() => {
    const folder = join(dataDir, 'keys');
    const now = (): string => new Date().toISOString();
    const engine = loadOrMake(join(folder, 'engine.json'), () => ({
      v: 1,
      keys: [
        newSigningKey('attestation', now()),
        newSecret('payload', now()),
        newSecret('codec', now()),
        newSecret('webhook', now()),
      ],
    }));
    const secrets = (use: SecretKey['use']): [NamedKey, ...NamedKey[]] => {
      const [first, ...rest] = ofUse<SecretKey>(engine, 'secret', use);
      return [namedKey(first), ...rest.map(namedKey)];
    };
    const [webhook] = ofUse<SecretKey>(engine, 'secret', 'webhook');
    const tenants = new Map<string, TenantKeys>();
    return {
      attestation: signerOf(ofUse<SigningKey>(engine, 'signing', 'attestation')[0]),
      payloadCipher: createPayloadCipher(secrets('payload')),
      codec: secrets('codec'),
      webhookSecret: Buffer.from(webhook.secret, 'base64url').toString('base64'),
      forTenant(tenant) {
        const known = tenants.get(tenant);
        if (known !== undefined) return known;
        if (!TENANT.test(tenant)) {
          throw new CountersignError(
            'configuration',
            'a tenant has 1 to 63 lower-case letters, digits, `-` or `_`, and begins and ends with a letter or digit',
          );
        }
        const keys = tenantKeys(join(folder, 'tenants', `${tenant}.json`), tenant, now);
        tenants.set(tenant, keys);
        return keys;
      },
    };
  });
}

function tenantKeys(path: string, tenant: string, now: () => string): TenantKeys {
  const file = loadOrMake(path, () => ({
    v: 1,
    keys: [newSigningKey('record', now()), newSigningKey('permit', now()), newSigningKey('log', now())],
  }));
  const of = (use: SigningKey['use']): [SigningKey, ...SigningKey[]] => ofUse<SigningKey>(file, 'signing', use);
  const periods = (use: SigningKey['use']): KeyPeriod[] =>
    of(use)
      .map((key) => ({ jwk: signerOf(key).publicJwk, since: key.since, until: key.until }))
      .reverse();
  return {
    record: signerOf(of('record')[0]),
    permit: signerOf(of('permit')[0]),
    log: noteSignerOf(`countersign/${tenant}`, of('log')[0]),
    history: { record: periods('record'), permit: periods('permit') },
  };
}
