/** Security events of identity providers. The person's sessions end, and they decide nothing until they sign in again. */
import { CountersignError } from '../contract/index.ts';
import { sealInChain } from '../engine/chain.ts';
import { soleApprover } from '../engine/doubt.ts';
import type { Signal } from '../identity/index.ts';
import { tellFrozen } from '../notify/tell-frozen.ts';
import { directoryBody, directoryChain } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { GatewayDeps } from './deps.ts';
import type { SecurityEvents } from './session-types.ts';
import { meant } from './sessions.ts';

/** Released actions that are looked at. */
const LOOKED_AT = 1000;

export const securityEvents = (deps: GatewayDeps): SecurityEvents => ({
  async securityEvent(token) {
    const signal = await deps.signals.read(token);
    if (!(await deps.register.hasTenant(signal.tenant)))
      throw new CountersignError('unauthenticated', 'the event is for a tenant that does not exist');
    for (const [index, { event, person }] of signal.events.entries()) {
      await stop(deps, signal, `${signal.id}${index}`, event, person);
    }
  },
});

async function stop(
  deps: GatewayDeps,
  { tenant, transmitter }: Signal,
  id: string,
  event: string,
  named: string | null,
): Promise<void> {
  const by = `signal:${transmitter}`;
  const person = named === null ? null : meant(await deps.directory.fresh(tenant), named);
  if (person === null) {
    const text = 'a security event names nobody of the directory, so nobody was stopped; find out whom it means';
    await deps.alarm({ tenant, type: 'person.stopped', text, data: { event, by, person: null } });
    return;
  }
  const sealed = await sealInChain(deps, {
    tenant,
    type: 'directory',
    chain: directoryChain('signal', id),
    after: null,
    by,
    reason: null,
    at: deps.now().toISOString(),
    facets: { decision: 'stopped' },
    body: directoryBody({ what: 'signal', state: 'stopped', id, person: person.id, event }),
  });
  // The transmitter got no answer and sends the event again.
  if (sealed.existing) return;
  const frozen = await frozenBy(deps, tenant, person.id);
  const actions = frozen.map(({ action }) => action.id);
  const text = `${person.id} is stopped until they sign in anew (${event}); ${actions.length} unredeemed permits of what they approved alone are frozen`;
  void tellFrozen(deps, { id, tenant, event, person: person.id }, frozen);
  await deps.alarm({ tenant, type: 'person.stopped', text, data: { event, by, person: person.id, actions } });
}

/** Released and unredeemed actions that this person alone approved. */
async function frozenBy(deps: GatewayDeps, tenant: string, person: string): Promise<ActionState[]> {
  const released = await deps.store.actions.list(tenant, { status: 'released', limit: LOOKED_AT });
  return released
    .filter(({ view }) => view.action.redeemedAt == null && soleApprover(view.approval)?.person === person)
    .map(({ view }) => view);
}
