import { randomUUID } from 'node:crypto';
import { checkReason, CountersignError, type Door } from '../contract/index.ts';
import { freezesOf } from '../engine/freeze.ts';
import { freezeChain } from '../sealing/index.ts';
import { newestInChain, sealInChain, type ChainEnd } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import { thawSignal } from '../workflows/messages.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { workflowIdOf } from '../engine/ids.ts';
import { stopsOf, targetOf } from './freeze-target.ts';
import type { FreezeInput, FreezeView, SlackEvidence } from './types.ts';

const FREEZE_ROLES = ['incident-commander', 'duty-manager', 'owner'];

/** Where a stop or its end was asked for. */
export interface FreezeDoor {
  door: Door;
  slack: SlackEvidence['slack'] | null;
}

export function mayFreeze(caller: Caller): boolean {
  return caller.kind === 'key' ? mayAudit(caller) : caller.roles.some((role) => FREEZE_ROLES.includes(role));
}

function checkRole(caller: Caller): void {
  if (!mayFreeze(caller)) {
    throw new CountersignError(
      'forbidden',
      `only the roles ${FREEZE_ROLES.join(', ')} freeze and thaw; ask one of them`,
    );
  }
}

/** Seals that a freeze came into force, or that it was lifted. */
async function sealFreeze(
  deps: GatewayDeps,
  caller: Caller,
  freeze: FreezeView,
  change: { state: 'frozen' | 'lifted'; reason: string; at: string; after: ChainEnd | null },
  from: FreezeDoor,
): Promise<void> {
  await sealInChain(deps, {
    tenant: caller.tenant,
    type: 'freeze',
    chain: freezeChain(freeze.id),
    after: change.after,
    at: change.at,
    by: caller.id,
    reason: change.reason,
    body: {
      state: change.state,
      scope: freeze.scope,
      value: freeze.value,
      via: from.door,
      slack: from.slack === null ? null : { ...from.slack },
    },
    facets: { decision: change.state },
    attestedBy: deps.keys.attestation,
  });
}

/** Freezes a tenant, surface or actor. It is in force before it is sealed, because a freeze that could not be recorded must still hold. */
export async function freeze(
  deps: GatewayDeps,
  caller: Caller,
  input: FreezeInput,
  from: FreezeDoor,
): Promise<FreezeView> {
  checkRole(caller);
  checkReason(input.reason);
  const value = targetOf(deps, caller.tenant, input, from.slack);
  const stops = await stopsOf(deps, caller, input, value);
  const at = deps.now().toISOString();
  const view: FreezeView = {
    id: `frz_${randomUUID().replaceAll('-', '')}`,
    scope: input.scope,
    value,
    reason: input.reason,
    by: caller.id,
    at,
  };
  await deps.store.freezes.add({ ...view, tenant: caller.tenant });
  await sealFreeze(deps, caller, view, { state: 'frozen', reason: view.reason, at, after: null }, from);
  return { ...view, stops };
}

/** Lifts a freeze after sealing that. Actions that were approved meanwhile go on. */
export async function thaw(
  deps: GatewayDeps,
  caller: Caller,
  id: string,
  reason: string,
  from: FreezeDoor,
): Promise<FreezeView> {
  checkRole(caller);
  checkReason(reason);
  const view = (await listFreezes(deps, caller)).find((one) => one.id === id);
  if (view === undefined) throw new CountersignError('not-found', 'there is no such freeze in force');
  const now = deps.now().toISOString();
  const newest = await newestInChain(deps, caller.tenant, 'freeze', freezeChain(id));
  await sealFreeze(deps, caller, view, { state: 'lifted', reason, at: now, after: newest }, from);
  await deps.store.freezes.lift(caller.tenant, id, caller.id, now);
  for (const row of await deps.store.actions.waiting(caller.tenant)) {
    if (row.view.approval?.status !== 'approved') continue;
    await deps.client.workflow
      .getHandle(workflowIdOf(caller.tenant, row.id))
      .signal(thawSignal)
      .catch((error: unknown) => deps.log.warn({ err: error, action: row.id }, 'a thawed action could not be told'));
  }
  return view;
}

/** What is stopped now, oldest first. */
export async function listFreezes(
  deps: Pick<GatewayDeps, 'store' | 'register'>,
  caller: Caller,
): Promise<FreezeView[]> {
  const all = await freezesOf(deps, caller.tenant);
  return all.map(({ id, scope, value, reason, by, at }) => ({ id, scope, value, reason, by, at }));
}
