/** How a released action ended: the executor's report, or an owner's word where nobody reported. */
import { CountersignError, type Action, type OutcomeInput } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import { outcomeUpdate, reconcileUpdate } from '../workflows/messages.ts';
import { isOwner, isRequester, notFound, speaksFor, visible } from './access.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { readAction, updateAction } from './stored-action.ts';
import type { Outcomes } from './types.ts';

export const outcomes = (deps: GatewayDeps): Outcomes => ({
  async report(caller, id, outcome) {
    const { state } = await readAction(deps, caller.tenant, id);
    if (!speaksFor(caller, state) && !isRequester(caller, state)) throw notFound();
    const attestation = await deps.attestor.attest({
      kind: 'outcome',
      tenant: caller.tenant,
      action: id,
      by: caller.id,
      via: 'api',
      status: outcome.status,
    });
    try {
      const message = { ...outcome, attestation };
      return visible(caller, state, await updateAction(deps, caller.tenant, id, outcomeUpdate.name, message));
    } catch (error) {
      if (error instanceof CountersignError && error.code === 'not-open') return repeated(deps, caller, id, outcome);
      throw error;
    }
  },

  reconcile: (caller, id, input) =>
    recordRefusal(deps, caller, id, 'api', async () => {
      await readAction(deps, caller.tenant, id);
      if (!isOwner(caller)) throw new CountersignError('forbidden', 'only an owner settles an unreported action');
      const attestation = await deps.attestor.attest({
        kind: 'reconcile',
        tenant: caller.tenant,
        action: id,
        by: caller.id,
        via: 'api',
        ...input,
      });
      return updateAction(deps, caller.tenant, id, reconcileUpdate.name, { attestation });
    }),
});

/** A report to a workflow that closed: the same one again is the same answer. */
async function repeated(deps: GatewayDeps, caller: Caller, id: string, outcome: OutcomeInput): Promise<Action> {
  const { state, action } = await readAction(deps, caller.tenant, id);
  if (state.outcome?.status === outcome.status && state.outcome.reference === (outcome.reference ?? null)) {
    return visible(caller, state, action);
  }
  throw new CountersignError(
    'outcome-already-reported',
    `this action was already settled as ${action.status}; nothing was changed`,
  );
}
