/** Tokens with a single purpose: an auditor or witness reads the log, or an identity provider maintains the directory. */
import { CountersignError } from '../contract/index.ts';
import type { NewReadToken, ReadTokenView } from '../contract/views/index.ts';
import { createBoundToken, type BoundKind, type Caller } from '../identity/index.ts';
import type { Credential } from '../register/index.ts';
import { isOwner } from './access.ts';
import { sealCredential } from './credentials.ts';
import type { GatewayDeps } from './deps.ts';
import type { ReadTokenInput } from './provisioning-types.ts';

const DAY_MS = 24 * 3_600_000;

function checkOwner(caller: Caller): void {
  if (!isOwner(caller))
    throw new CountersignError('forbidden', 'only an owner makes and sees such tokens; ask one, or use the first key');
}

/** Makes a token. It is shown once; its holder and expiry are sealed. */
export async function makeBoundToken(
  deps: GatewayDeps,
  caller: Caller,
  kind: BoundKind,
  input: ReadTokenInput,
): Promise<NewReadToken> {
  checkOwner(caller);
  const { token, entry } = createBoundToken(kind, caller.tenant, input.surfaces);
  const now = deps.now();
  const createdAt = now.toISOString();
  const expiresAt = new Date(now.getTime() + input.days * DAY_MS).toISOString();
  await sealCredential(deps, {
    entry,
    kind,
    name: input.for,
    expiresAt,
    by: caller.id,
    reason: null,
    at: createdAt,
  });
  await deps.store.apiKeys.create({ ...entry, createdAt });
  const { id, surfaces } = entry;
  return { id, for: input.for, ...scopeOf(surfaces), createdAt, expiresAt, revokedAt: null, token };
}

export async function listBoundTokens(deps: GatewayDeps, caller: Caller, kind: BoundKind): Promise<ReadTokenView[]> {
  checkOwner(caller);
  const { credentials } = await deps.register.current(caller.tenant);
  return [...credentials.values()].filter((one) => one.kind === kind).map(viewOf);
}

const scopeOf = (surfaces: string[]): Pick<ReadTokenView, 'surfaces'> => (surfaces.length === 0 ? {} : { surfaces });

const viewOf = ({ id, name, surfaces, createdAt, expiresAt, revokedAt }: Credential): ReadTokenView => ({
  id,
  for: name ?? '',
  ...scopeOf(surfaces),
  createdAt,
  expiresAt: expiresAt ?? createdAt,
  revokedAt,
});
