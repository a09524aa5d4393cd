/** Seals every credential before it counts, also the ones that are older than such records. */
import { sealInChain, type ChainRecord } from '../engine/chain.ts';
import type { ApiKeyEntry } from '../identity/index.ts';
import { credentialCommitments, type Credential } from '../register/index.ts';
import {
  ADOPTION_CHAIN,
  credentialBody,
  credentialChain,
  delegationBody,
  delegationChain,
  type CredentialKind,
  type SessionProof,
} from '../sealing/index.ts';
import { DEFAULT_TENANT } from '../contract/index.ts';
import type { GatewayDeps } from './deps.ts';

export type CredentialRouteDeps = Pick<GatewayDeps, 'store' | 'sequencer' | 'register' | 'signers' | 'now'> & {
  keys: Pick<GatewayDeps['keys'], 'commitments'>;
};

export interface NewCredential {
  entry: ApiKeyEntry;
  kind: CredentialKind;
  /** Whom it is for, in words. */
  name: string | null;
  /** RFC 3339; null for one that does not end by itself. */
  expiresAt: string | null;
  by: string;
  reason: string | null;
  at: string;
  session?: SessionProof;
}

/** Seals a credential's scope. The credential counts from here on; its row is only an index. */
export function sealCredential(deps: CredentialRouteDeps, made: NewCredential): Promise<ChainRecord> {
  const { entry, kind, name, expiresAt, by, reason, at, session } = made;
  const { id, tenant, hash, surfaces, actors, roles, groups, provenance } = entry;
  const [commitment = ''] = credentialCommitments(deps.keys, tenant, hash);
  return sealInChain(deps, {
    tenant,
    type: 'credential',
    chain: credentialChain(id),
    after: null,
    at,
    by,
    reason,
    body: credentialBody({
      state: 'made',
      id,
      kind,
      commitment,
      surfaces,
      actors,
      roles,
      groups,
      name,
      expiresAt,
      ...(provenance && { provenance }),
      ...(session && { session }),
    }),
    facets: { decision: 'made' },
  });
}

/** Seals that a credential ended. */
export function sealRevocation(
  deps: CredentialRouteDeps,
  credential: Credential,
  revoked: { tenant: string; by: string; reason: string | null; at: string },
): Promise<ChainRecord> {
  const { createdAt: _createdAt, revokedAt: _revokedAt, record, ...change } = credential;
  return sealInChain(deps, {
    ...revoked,
    type: 'credential',
    chain: credentialChain(credential.id),
    after: { seq: 0, hash: record },
    body: credentialBody({ ...change, state: 'revoked' }),
    facets: { decision: 'revoked' },
  });
}

const ADOPTED_BY = 'countersign start';

/**
 * Seals the credentials and delegations that are older than their record types. This runs once, at the first start of a version that ignores rows without a record. Afterwards an inserted row grants nothing.
 *
 * After a crash each record is found again, because its place in its chain is taken. The stack's tenant comes last, and marks the end.
 */
export async function adoptRows(deps: CredentialRouteDeps): Promise<void> {
  if ((await deps.register.current(DEFAULT_TENANT)).adopted) return;
  const others = (await deps.store.log.tenants()).filter((tenant) => tenant !== DEFAULT_TENANT);
  for (const tenant of [...others.sort(), DEFAULT_TENANT]) await adopt(deps, tenant);
}

async function adopt(deps: CredentialRouteDeps, tenant: string): Promise<void> {
  const at = deps.now().toISOString();
  const credentials = (await deps.store.apiKeys.list(tenant)).filter(({ revokedAt }) => revokedAt === null);
  const delegations = await deps.store.delegations.active(tenant, at);
  const reason = 'it was there before rights were sealed';
  for (const entry of credentials) {
    await sealCredential(deps, {
      entry,
      kind: 'service',
      name: null,
      expiresAt: null,
      by: ADOPTED_BY,
      reason,
      at,
    });
  }
  for (const { id, from, to, surfaces, startsAt, endsAt } of delegations) {
    const times = { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
    await sealInChain(deps, {
      tenant,
      type: 'delegation',
      chain: delegationChain(id),
      after: null,
      at,
      by: ADOPTED_BY,
      reason,
      body: delegationBody({ state: 'given', id, from, to, surfaces, ...times }),
      facets: { decision: 'given' },
    });
  }
  await sealInChain(deps, {
    tenant,
    type: 'credential',
    chain: ADOPTION_CHAIN,
    after: null,
    at,
    by: ADOPTED_BY,
    reason: null,
    body: { state: 'adopted', credentials: credentials.length, delegations: delegations.length },
    facets: { decision: 'adopted' },
  });
}
