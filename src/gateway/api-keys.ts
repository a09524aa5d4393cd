import { CountersignError } from '../contract/index.ts';
import { createApiKey, type Caller } from '../identity/index.ts';
import { isOwner } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { ApiKeyInput, ApiKeyView } from './types.ts';

function checkOwner(caller: Caller): void {
  if (!isOwner(caller))
    throw new CountersignError('forbidden', 'only an owner makes and revokes keys; use the first key');
}

/** Makes a key of a service, scoped to surfaces and actors, vouching for the given roles and groups and no others. It is shown once; only its hash is kept. */
export async function makeApiKey(
  deps: GatewayDeps,
  caller: Caller,
  input: ApiKeyInput,
): Promise<ApiKeyView & { key: string }> {
  checkOwner(caller);
  const { key, entry } = createApiKey({ ...input, tenant: caller.tenant });
  const createdAt = deps.now().toISOString();
  await deps.store.apiKeys.create({ ...entry, createdAt });
  const { id, surfaces, actors, roles, groups } = entry;
  return { id, surfaces, actors, roles, groups, createdAt, revokedAt: null, key };
}

export async function listApiKeys(deps: GatewayDeps, caller: Caller): Promise<ApiKeyView[]> {
  checkOwner(caller);
  const keys = await deps.store.apiKeys.list(caller.tenant);
  return keys.map(({ id, surfaces, actors, roles, groups, createdAt, revokedAt }) => ({
    ...{ id, surfaces, actors, roles, groups },
    ...{ createdAt, revokedAt },
  }));
}

export async function revokeApiKey(deps: GatewayDeps, caller: Caller, id: string): Promise<void> {
  checkOwner(caller);
  if (`key:${id}` === caller.id)
    throw new CountersignError('conflict', 'a key does not revoke itself; use another one');
  if (!(await deps.store.apiKeys.revoke(caller.tenant, id, deps.now().toISOString()))) {
    throw new CountersignError('not-found', 'there is no live key of that id');
  }
}
