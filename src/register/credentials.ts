import { BoundedMap } from '../canonical/index.ts';
import type { ApiKeyEntry, ApiKeyFinder } from '../identity/index.ts';
import type { Keys } from '../keys/index.ts';
import type { Store } from '../store/index.ts';
import type { Credential } from './in-force.ts';
import type { Register } from './register.ts';

export interface CredentialDeps {
  store: { apiKeys: Pick<Store['apiKeys'], 'tenantOf'>; sessions: Pick<Store['sessions'], 'tenantOf'> };
  register: Register;
  keys: Pick<Keys, 'commitments'>;
  now(): number;
}

/** Most credentials whose tenant is cached. */
const CACHED_TENANTS = 1000;

/** The possible commitments to a credential's hash, newest key first. */
export function credentialCommitments(keys: Pick<Keys, 'commitments'>, tenant: string, hash: string): string[] {
  return keys.commitments('credential v1', `${tenant}\n${hash}`);
}

const isLive = ({ revokedAt, expiresAt }: Credential, now: number): boolean =>
  revokedAt === null && (expiresAt === null || now < Date.parse(expiresAt));

/** Finds credentials by their sealed records. The row only says which tenant's log to read. It grants nothing. */
export function sealedCredentials({ store, register, keys, now }: CredentialDeps): ApiKeyFinder {
  // A credential never moves to another tenant's log.
  const tenants = new BoundedMap<string, string>(CACHED_TENANTS);
  const tenantOf = async (hash: string): Promise<string | null> => {
    const known = tenants.get(hash);
    if (known !== undefined) return known;
    const tenant = (await store.apiKeys.tenantOf(hash)) ?? (await store.sessions.tenantOf(hash));
    if (tenant === null || !(await register.hasTenant(tenant))) return null;
    tenants.set(hash, tenant);
    return tenant;
  };
  return {
    async findByHash(hash) {
      const tenant = await tenantOf(hash);
      if (tenant === null) return null;
      const commitments = credentialCommitments(keys, tenant, hash);
      const { credentials } = await register.current(tenant);
      for (const credential of credentials.values()) {
        if (commitments.includes(credential.commitment) && isLive(credential, now())) {
          return entryOf(credential, tenant, hash);
        }
      }
      return null;
    },
  };
}

const entryOf = (
  { id, kind, surfaces, actors, roles, groups, provenance, session }: Credential,
  tenant: string,
  hash: string,
): ApiKeyEntry => ({
  id,
  hash,
  tenant,
  kind,
  surfaces,
  actors,
  roles,
  groups,
  ...(provenance === undefined ? {} : { provenance }),
  ...(session === undefined ? {} : { provedAt: session.provedAt }),
  ...(session?.door === undefined ? {} : { door: session.door }),
});
