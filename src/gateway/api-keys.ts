import { CountersignError } from '../contract/index.ts';
import { createApiKey, type Caller } from '../identity/index.ts';
import { isOwner } from './access.ts';
import { sealCredential, sealRevocation } from './credentials.ts';
import type { GatewayDeps } from './deps.ts';
import type { ApiKeyInput, ApiKeyView } from './types.ts';

function checkOwner(caller: Caller): void {
  if (!isOwner(caller))
    throw new CountersignError('forbidden', 'only an owner makes and revokes keys; use the first key');
}

/**
 * Makes a service's key. It is scoped to surfaces and actors, and vouches for the given roles and groups only. The key is shown once: its
 * hash is kept, and its scope is sealed.
 */
export async function makeApiKey(
  deps: GatewayDeps,
  caller: Caller,
  input: ApiKeyInput,
): Promise<ApiKeyView & { key: string }> {
  checkOwner(caller);
  const { key, entry } = createApiKey({ ...input, tenant: caller.tenant });
  const createdAt = deps.now().toISOString();
  await sealCredential(deps, {
    entry,
    kind: 'service',
    name: null,
    expiresAt: null,
    by: caller.id,
    reason: null,
    at: createdAt,
  });
  await deps.store.apiKeys.create({ ...entry, createdAt });
  const { id, surfaces, actors, roles, groups, provenance } = entry;
  return { id, surfaces, actors, roles, groups, ...(provenance && { provenance }), createdAt, revokedAt: null, key };
}

export async function listApiKeys(deps: GatewayDeps, caller: Caller): Promise<ApiKeyView[]> {
  checkOwner(caller);
  const { credentials } = await deps.register.current(caller.tenant);
  return [...credentials.values()]
    .filter(({ kind }) => kind === 'service')
    .map(({ id, surfaces, actors, roles, groups, provenance, createdAt, revokedAt }) => ({
      id,
      surfaces,
      actors,
      roles,
      groups,
      ...(provenance && { provenance }),
      createdAt,
      revokedAt,
    }));
}

/** From the next request on, no process accepts the credential. */
export async function revokeApiKey(deps: GatewayDeps, caller: Caller, id: string): Promise<void> {
  checkOwner(caller);
  if (`key:${id}` === caller.id)
    throw new CountersignError('conflict', 'a key does not revoke itself; use another one');
  const { tenant } = caller;
  const credential = (await deps.register.current(tenant)).credentials.get(id);
  if (credential === undefined || credential.revokedAt !== null) {
    throw new CountersignError('not-found', 'there is no live key of that id');
  }
  const at = deps.now().toISOString();
  await sealRevocation(deps, credential, { tenant, by: caller.id, reason: null, at });
  await deps.store.apiKeys.revoke(tenant, id, at);
}
