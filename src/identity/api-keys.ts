/** API keys of services: random, shown once, kept as a hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ANY, CountersignError } from '../contract/index.ts';

/** The stored entry of a key. The key itself is not stored. */
export interface ApiKeyEntry {
  id: string;
  /** {@link apiKeyHash} of the whole key. */
  hash: string;
  tenant: string;
  /** Globs of surfaces it reaches. */
  surfaces: string[];
  /** Exact actor ids it may speak for, or `*`. */
  actors: string[];
  /** Roles and groups of its actors that it vouches for; `*` is any, which only the first key has. */
  roles: string[];
  groups: string[];
  /** Whether it may say where values of its requests came from. */
  provenance?: true;
  /** `reader` for a token that reads the log, `provisioner` for one of SCIM; a service's key where it is left out. */
  kind?: 'service' | 'session' | BoundKind;
  /** Of a session, RFC 3339: when its person proved who they are. */
  provedAt?: string;
  /** Of a session that a browser keeps. */
  door?: 'console';
}

/** The part of the store's `apiKeys` that this room needs. */
export interface ApiKeyFinder {
  /** The key with this hash, or null; a revoked key is not found. */
  findByHash(hash: string): Promise<ApiKeyEntry | null>;
}

/** The shortest accepted key, in characters. Shorter ones could be guessed. */
export const API_KEY_MIN_LENGTH = 32;

/** Hex SHA-256 over the key. A made key has 256 random bits, so a slow hash or a salt would protect nothing more. */
export function apiKeyHash(key: string): string {
  return createHash('sha256').update('countersign api key v1\n').update(key).digest('hex');
}

/** What a new key is for. By default everything of its tenant, vouching for nothing. */
export interface ApiKeyScope {
  tenant?: string;
  surfaces?: string[];
  actors?: string[];
  roles?: string[];
  groups?: string[];
  provenance?: boolean;
}

/** The first key of a tenant speaks for any actor of it and vouches for any role and group (contract section 8). */
export const FIRST_KEY_SCOPE = { surfaces: ['**'], actors: [ANY], roles: [ANY], groups: [ANY] } satisfies ApiKeyScope;

/**
 * Makes a key, `csk_<id>_<secret>`. Show `key` once and store `entry`.
 *
 * @param given A key brought along (`COUNTERSIGN_API_KEY` at the first start) instead of a random one.
 * @throws CountersignError `configuration` when the given key is too short.
 */
export function createApiKey(scope: ApiKeyScope = {}, given?: string): { key: string; entry: ApiKeyEntry } {
  if (given !== undefined && (given.length < API_KEY_MIN_LENGTH || /\s/.test(given))) {
    throw new CountersignError(
      'configuration',
      `\`COUNTERSIGN_API_KEY\` has fewer than ${API_KEY_MIN_LENGTH} characters or a space in it; set a longer random one, or unset it to have one made`,
    );
  }
  const id = randomBytes(6).toString('hex');
  const key = given ?? `csk_${id}_${randomBytes(32).toString('base64url')}`;
  const { tenant = 'default', surfaces = ['**'], actors = [ANY], roles = [], groups = [], provenance = false } = scope;
  const entry: ApiKeyEntry = { id, hash: apiKeyHash(key), tenant, surfaces, actors, roles, groups };
  return { key, entry: provenance ? { ...entry, provenance } : entry };
}

/** The purpose of a token that asks for no actions: reading the log, or maintaining the directory by SCIM. */
export type BoundKind = 'reader' | 'provisioner';

const PREFIXES: Readonly<Record<BoundKind, string>> = { reader: 'csr', provisioner: 'csp' };

/**
 * Makes a token, `csr_<id>_<secret>` or `csp_…`, which speaks for nobody. Show `token` once.
 *
 * @param surfaces globs: of a `reader`, the records that it may read; none is the whole log
 */
export function createBoundToken(
  kind: BoundKind,
  tenant: string,
  surfaces: readonly string[] = [],
): { token: string; entry: ApiKeyEntry } {
  const id = randomBytes(6).toString('hex');
  const token = `${PREFIXES[kind]}_${id}_${randomBytes(32).toString('base64url')}`;
  const scope = { surfaces: [...surfaces], actors: [], roles: [], groups: [] };
  return { token, entry: { id, hash: apiKeyHash(token), tenant, ...scope, kind } };
}

/** Makes the token of a person's session, `cse_<id>_<secret>`. The directory says at each request what they may do. */
export function createSessionToken(id: string, tenant: string, person: string): { token: string; entry: ApiKeyEntry } {
  const token = `cse_${id}_${randomBytes(32).toString('base64url')}`;
  const scope = { surfaces: ['**'], actors: [person], roles: [], groups: [] };
  return { token, entry: { id, hash: apiKeyHash(token), tenant, ...scope, kind: 'session' } };
}

/** The entry of a presented key, or null. */
export async function findApiKey(keys: ApiKeyFinder, presented: string): Promise<ApiKeyEntry | null> {
  const hash = apiKeyHash(presented);
  const entry = await keys.findByHash(hash);
  if (entry === null) return null;
  // The store looked it up by equality. This comparison takes constant time, and does not depend on the store's collation.
  const [want, have] = [Buffer.from(entry.hash), Buffer.from(hash)];
  return want.length === have.length && timingSafeEqual(want, have) ? entry : null;
}
