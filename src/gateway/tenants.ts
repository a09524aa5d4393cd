/** Tenants, which the owner of the stack makes. Each is a sealed record of the stack's log. */
import { CountersignError, DEFAULT_TENANT, TENANT_NAME } from '../contract/index.ts';
import type { NewTenant, TenantView } from '../contract/views/index.ts';
import { activateBundle } from '../engine/activation.ts';
import { sealInChain } from '../engine/chain.ts';
import { createApiKey, FIRST_KEY_SCOPE, type Caller } from '../identity/index.ts';
import { tenantBody, tenantChain } from '../sealing/index.ts';
import { isOwner } from './access.ts';
import { sealCredential } from './credentials.ts';
import type { GatewayDeps } from './deps.ts';
import { introduceAttestation } from './keys.ts';
import type { TenantInput } from './types.ts';

export type TenantDeps = Pick<
  GatewayDeps,
  'store' | 'sequencer' | 'register' | 'logReader' | 'signers' | 'now' | 'hub' | 'keys'
>;

function checkOperator(caller: Caller): void {
  if (caller.tenant === DEFAULT_TENANT && isOwner(caller)) return;
  throw new CountersignError(
    'forbidden',
    `only an owner of the tenant \`${DEFAULT_TENANT}\` makes and lists tenants; use its first key`,
  );
}

/**
 * Makes a tenant: keys, a log that begins with the bundle now in force in `default`, and a first key, which is shown this once.
 *
 * The record of the tenant comes last, and nothing counts before it. After a crash before that record, a second call makes the tenant with
 * another first key.
 */
export async function makeTenant(
  deps: TenantDeps,
  caller: Caller,
  { name, ...input }: TenantInput,
): Promise<NewTenant> {
  checkOperator(caller);
  if (!TENANT_NAME.test(name)) {
    throw new CountersignError(
      'invalid-request',
      'a tenant’s name is 1 to 63 lower-case letters, digits, `-` or `_`, and begins and ends with a letter or digit',
      { errors: [{ pointer: '/name', detail: 'is no name of a tenant' }] },
    );
  }
  if (await deps.register.hasTenant(name))
    throw new CountersignError('conflict', `there is a tenant \`${name}\` already`);
  const at = deps.now().toISOString();
  const by = caller.id;
  const reason = input.reason ?? null;
  await deps.keys.ensure(name);
  await bringBundle(deps, name, by);
  await introduceAttestation(deps, name, by);
  const { key, entry } = createApiKey({ ...FIRST_KEY_SCOPE, tenant: name });
  await sealCredential(deps, {
    entry,
    kind: 'service',
    name: 'the first key',
    expiresAt: null,
    by,
    reason,
    at,
  });
  await deps.store.apiKeys.create({ ...entry, createdAt: at });
  const record = await sealTenant(deps, { name, by, reason, at });
  return { name, record, createdAt: at, key };
}

/** Copies the current bundle of the stack's tenant. Without a bundle the new tenant could only refuse. */
async function bringBundle(deps: TenantDeps, name: string, by: string): Promise<void> {
  const given = (await deps.register.current(DEFAULT_TENANT)).activations.at(-1);
  if (given === undefined || (await deps.register.current(name)).activations.length > 0) return;
  const source = await deps.store.bundles.get(DEFAULT_TENANT, given.bundle);
  if (source === null) throw new CountersignError('unavailable', 'the bundle in force is not in the store; try again');
  await deps.store.bundles.put(name, given.bundle, source);
  const activation = { tenant: name, hash: given.bundle, previous: null, by, reason: null, action: null };
  await activateBundle(deps, activation);
}

async function sealTenant(
  deps: TenantDeps,
  { name, by, reason, at }: { name: string; by: string; reason: string | null; at: string },
): Promise<string> {
  const { record, log } = deps.keys.forTenant(name);
  const sealed = await sealInChain(deps, {
    tenant: DEFAULT_TENANT,
    type: 'tenant',
    chain: tenantChain(name),
    after: null,
    at,
    by,
    reason,
    body: tenantBody({ state: 'made', name, recordKey: record.kid, logKey: log.vkey }),
    facets: { decision: 'made' },
  });
  return sealed.hash;
}

/** Seals the stack's tenant at the first start and, once, the tenants that had credentials before tenants were sealed. */
export async function ensureTenants(deps: TenantDeps, by: string): Promise<void> {
  const { tenants } = await deps.register.current(DEFAULT_TENANT);
  if (tenants.has(DEFAULT_TENANT)) return;
  const at = deps.now().toISOString();
  const reason = 'it was there before tenants were sealed';
  for (const name of await deps.store.log.tenants()) {
    if (name === DEFAULT_TENANT || tenants.has(name)) continue;
    const { credentials } = await deps.register.current(name);
    if (credentials.size > 0) await sealTenant(deps, { name, by, reason, at });
  }
  await sealTenant(deps, { name: DEFAULT_TENANT, by, reason: null, at });
}

/** In the order of their names. */
export async function listTenants(deps: TenantDeps, caller: Caller): Promise<TenantView[]> {
  checkOperator(caller);
  const { tenants } = await deps.register.current(DEFAULT_TENANT);
  return [...tenants]
    .map(([name, { record, at }]) => ({ name, record, createdAt: at }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
