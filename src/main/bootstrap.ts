/** Work before anything is served: the first start creates keys and tenants, and every start checks them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError, DEFAULT_TENANT, isCountersignError } from '../contract/index.ts';
import { apiKeyHash, createApiKey, FIRST_KEY_SCOPE } from '../identity/index.ts';
import { activateBundle, catchUp } from '../engine/activation.ts';
import { adoptRows, sealCredential } from '../gateway/credentials.ts';
import { introduceAttestation, settleKeys } from '../gateway/keys.ts';
import { SELF_CHECK_SURFACE } from '../gateway/surfaces.ts';
import { ensureTenants } from '../gateway/tenants.ts';
import type { Actions } from '../gateway/types.ts';
import { credentialCommitments, type InForce } from '../register/index.ts';
import { FIRST_KEY_FILE } from './local-files.ts';
import type { Parts } from './parts.ts';
import { caseNames } from '../policy/index.ts';
import { loadBundle, readPolicyFolder } from './policies.ts';

/** Who activates the bundle of the policy folder. */
const STARTED_BY = 'countersign start';

/** Makes missing signing keys, checks those in key managers, and finishes a rotation that a crash interrupted. */
export async function ensureKeys(parts: Parts, say: (line: string) => void, now = present): Promise<void> {
  for (const notice of await parts.keys.ensure(DEFAULT_TENANT)) say(notice);
  await settleKeys(depsOf(parts, now), DEFAULT_TENANT);
}

const present = (): Date => new Date();

const depsOf = (parts: Parts, now: () => Date) => ({
  ...parts,
  signers: (tenant: string) => parts.keys.forTenant(tenant),
  now,
});

/** The first key: made, or brought by `COUNTERSIGN_API_KEY`, at the first start only, and by one process only. */
export async function ensureFirstKey(parts: Parts, now = present): Promise<{ key: string | null; made: boolean }> {
  const deps = depsOf(parts, now);
  await adoptRows(deps);
  await ensureTenants(deps, STARTED_BY);
  const { tenants } = await parts.register.current(DEFAULT_TENANT);
  for (const tenant of tenants.keys()) await introduceAttestation(deps, tenant, STARTED_BY);
  // Processes that start at the same moment on an empty store would each make one, and the owner would know one of them.
  return parts.store.publicKeys.exclusively(DEFAULT_TENANT, () => firstKey(parts, deps));
}

async function firstKey(parts: Parts, deps: ReturnType<typeof depsOf>): Promise<{ key: string | null; made: boolean }> {
  const file = join(parts.config.dataDir, FIRST_KEY_FILE);
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  const { credentials } = await parts.register.current(DEFAULT_TENANT);
  if (credentials.size > 0) {
    if (known !== null) await restoreRow(parts, known, credentials);
    return { key: known, made: false };
  }
  const { key, entry } = createApiKey({ ...FIRST_KEY_SCOPE, tenant: DEFAULT_TENANT }, parts.config.apiKey);
  // The file first: a key that is stored but unknown to its owner would be of no use after a crash.
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  const at = deps.now().toISOString();
  await sealCredential(deps, {
    entry,
    kind: 'service',
    name: 'the first key',
    expiresAt: null,
    by: STARTED_BY,
    reason: null,
    at,
  });
  await parts.store.apiKeys.create({ ...entry, createdAt: at });
  return { key, made: true };
}

/** Restores a missing row of the first key. A crash before the row was written, or a deleted row, would lock its owner out. */
async function restoreRow(parts: Parts, key: string, credentials: InForce['credentials']): Promise<void> {
  const hash = apiKeyHash(key);
  if ((await parts.store.apiKeys.tenantOf(hash)) !== null) return;
  const commitments = credentialCommitments(parts.keys, DEFAULT_TENANT, hash);
  const made = [...credentials.values()].find(({ commitment }) => commitments.includes(commitment));
  if (made === undefined) return;
  const { id, surfaces, actors, roles, groups, createdAt } = made;
  const scope = { surfaces, actors, roles, groups };
  await parts.store.apiKeys.create({ ...scope, id, tenant: DEFAULT_TENANT, hash, createdAt });
}

/**
 * Activates the policy folder and seals that, unless somebody published a bundle through the engine. A published bundle stays.
 *
 * @returns What the owner should know, or null.
 */
export async function ensureBundle(parts: Parts, now = present): Promise<string | null> {
  const bundle = loadBundle(parts.config.policiesDir);
  const { files, unread } = readPolicyFolder(parts.config.policiesDir);
  if (unread.length > 0) parts.log.warn({ files: unread }, 'files in the policy folder that are not read');
  await catchUp(parts, DEFAULT_TENANT);
  const active = (await parts.register.current(DEFAULT_TENANT)).activations.at(-1) ?? null;
  if (active?.bundle === bundle.hash) return null;
  if (active !== null && active.by !== STARTED_BY) {
    return `the policy folder (${bundle.hash.slice(0, 19)}…) differs from the published bundle in force (${active.bundle.slice(0, 19)}…); publish it with countersign policy publish`;
  }
  await parts.store.bundles.put(DEFAULT_TENANT, bundle.hash, bundle.source, caseNames(files));
  // Stale: another process started concurrently and was faster. Its bundle is current.
  await activateBundle(depsOf(parts, now), {
    tenant: DEFAULT_TENANT,
    hash: bundle.hash,
    previous: active?.bundle ?? null,
    by: STARTED_BY,
    reason: null,
    action: null,
  });
  return null;
}

/** Pause between two self-checks without an answer, in milliseconds. */
const SELF_CHECK_PAUSE_MS = 1000;

/**
 * Sends a request through the whole path that must be refused, because its caller may not speak for its actor. This process judges it
 * itself, so it waits for no worker and no backlog. Without an answer it asks again with the same key, for ever: stopping would not help an
 * engine that is behind.
 *
 * @throws CountersignError `internal` when it is answered, but not with a sealed refusal: this stack must not serve.
 */
export async function refuseKnownForbidden(
  gateway: Pick<Actions, 'request'>,
  startId: string,
  { say, pauseMs = SELF_CHECK_PAUSE_MS }: { say(line: string): void; pauseMs?: number },
): Promise<void> {
  const caller = {
    kind: 'key' as const,
    id: 'key:self-check',
    tenant: DEFAULT_TENANT,
    surfaces: ['**'],
    actors: ['service:countersign-self-check'],
    roles: [],
    groups: [],
  };
  const body = {
    surface: SELF_CHECK_SURFACE,
    action: 'self-check.forbidden',
    actor: { id: 'service:somebody-else', type: 'service' },
  };
  for (let tries = 1; ; tries += 1) {
    const answer = await gateway.request(caller, body, `self-check-${startId}`, 0).catch(passing);
    if (answer?.action.status === 'refused' && answer.receipt !== null) return;
    if (answer !== null && !['evaluating', 'refused'].includes(answer.action.status)) {
      throw new CountersignError(
        'internal',
        `a request that must be refused was answered ${answer.action.status}; nothing is served. check the policies and the engine's log`,
      );
    }
    if (tries === 3) say('the self-check is not answered yet; asking again until it is. see readyz for what is down');
    await sleep(pauseMs);
  }
}

/** Null for a failure that may pass. @throws any other failure */
function passing(error: unknown): null {
  if (isCountersignError(error) && error.code === 'unavailable') return null;
  throw error;
}
