import { randomUUID } from 'node:crypto';
import { instantOf } from '../canonical/index.ts';
import { CountersignError } from '../contract/index.ts';
import { sealInChain, type ChainEnd } from '../engine/chain.ts';
import { delegationsInForce } from '../engine/delegations.ts';
import type { Caller } from '../identity/index.ts';
import { delegationBody, delegationChain, type DelegationChange } from '../sealing/index.ts';
import type { GatewayDeps } from './deps.ts';
import type { DelegateInput, DelegationView } from './types.ts';

/** The longest time for which one person decides for another. */
const MAX_MS = 92 * 24 * 3600 * 1000;

/** "While I am away until Friday, X decides for me." A delegation ends, may be limited to surfaces, and cannot be passed on. */
export async function delegate(deps: GatewayDeps, caller: Caller, input: DelegateInput): Promise<DelegationView> {
  const now = deps.now().getTime();
  const endsAt = instantOf(input.until) ?? Number.NaN;
  if (caller.kind !== 'person')
    throw new CountersignError('forbidden', 'a key is not a person; delegate with your own token');
  const directory = deps.directory.current(caller.tenant);
  if (!directory.mayDecide(caller.id)) {
    throw new CountersignError(
      'forbidden',
      'you decide nothing, so there is nothing that somebody could decide for you',
    );
  }
  if (!directory.active(input.to)) {
    throw new CountersignError('not-found', 'that person is not in the directory; name one of its active people');
  }
  if (input.to === caller.id)
    throw new CountersignError('invalid-request', 'nobody stands in for themself; name somebody else');
  if (!(endsAt > now) || endsAt - now > MAX_MS) {
    throw new CountersignError('invalid-request', '`until` is a time from now to at most 92 days ahead');
  }
  const id = `dlg_${randomUUID().replaceAll('-', '')}`;
  const surfaces = input.surfaces ?? ['**'];
  const change = { id, from: caller.id, to: input.to, surfaces, startsAt: iso(now), endsAt: iso(endsAt) };
  await sealDelegation(deps, caller, { ...change, state: 'given' }, null, iso(now));
  await deps.store.delegations.add({
    id,
    tenant: caller.tenant,
    from: caller.id,
    to: input.to,
    surfaces,
    startsAt: now,
    endsAt,
    revokedAt: null,
  });
  return { id, from: caller.id, to: input.to, surfaces, until: new Date(endsAt).toISOString() };
}

/** Ends a delegation early. Only the person who gave it may do so. */
export async function revokeDelegation(deps: GatewayDeps, caller: Caller, id: string): Promise<void> {
  const { tenant } = caller;
  const delegation = (await deps.register.current(tenant)).delegations.get(id);
  if (delegation === undefined || delegation.from !== caller.id)
    throw new CountersignError('not-found', 'you gave no such delegation');
  if (delegation.revokedAt !== null) return;
  const { from, to, surfaces, startsAt, endsAt, record } = delegation;
  const at = deps.now().toISOString();
  const change = { id, from, to, surfaces: [...surfaces], startsAt: iso(startsAt), endsAt: iso(endsAt) };
  await sealDelegation(deps, caller, { ...change, state: 'revoked' }, { seq: 0, hash: record }, at);
  await deps.store.delegations.revoke(tenant, id, at);
}

/** The record is sealed before the delegation starts or stops counting. */
async function sealDelegation(
  deps: GatewayDeps,
  caller: Caller,
  change: DelegationChange,
  after: ChainEnd | null,
  at: string,
): Promise<void> {
  await sealInChain(deps, {
    tenant: caller.tenant,
    type: 'delegation',
    chain: delegationChain(change.id),
    after,
    at,
    by: caller.id,
    reason: null,
    body: delegationBody(change),
    facets: { decision: change.state },
    attestedBy: deps.keys.attestation,
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Those given by or to the caller. */
export async function listDelegations(deps: GatewayDeps, caller: Caller): Promise<DelegationView[]> {
  const active = await delegationsInForce(deps, caller.tenant);
  return active
    .filter(({ from, to }) => from === caller.id || to === caller.id)
    .map(({ id, from, to, surfaces, endsAt }) => ({ id, from, to, surfaces: [...surfaces], until: iso(endsAt) }));
}
