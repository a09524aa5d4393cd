/** How a released action ended: the executor's report, or an owner's word where nobody reported. */
import { hashOf } from '../canonical/index.ts';
import { CountersignError, isCountersignError, isSettled, type Action, type OutcomeInput } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import { readWholeLife, readWithLook, stateAsAsked, type Life } from '../engine/life.ts';
import { sealOutcome } from '../engine/outcome.ts';
import { outcomeUpdate, reconcileUpdate } from '../workflows/messages.ts';
import { isOwner, isRequester, notFound, speaksFor, visibleTo, withoutPurpose } from './access.ts';
import type { Arrive } from './arrive.ts';
import type { Asleep } from './asleep.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { readAction, updateAction } from './stored-action.ts';
import { fromRefusal } from './temporal-errors.ts';
import type { Outcomes } from './types.ts';

export const outcomes = (deps: GatewayDeps, arrive: Arrive, asleep: Asleep): Outcomes => ({
  async result(caller, id) {
    const { state } = await readAction(deps, caller.tenant, id);
    if (!isRequester(caller, state)) throw notFound();
    const stored = await deps.store.payloads.read(caller.tenant, id);
    const result = stored?.payload.result;
    if (result === undefined || !isSettled(state.action.status)) {
      throw new CountersignError(
        'not-found',
        'this action has no result: the engine did not execute it, or got nothing',
      );
    }
    return { action: id, result, hash: hashOf(result) };
  },

  report: (caller, id, outcome) => report(deps, asleep, caller, id, outcome, readWholeLife(deps, caller.tenant, id)),

  tell: (authorization, id, outcome) =>
    deps.register.atOnce(async () => {
      // With what the credential is checked by, in one statement.
      const read = async (tenant: string): Promise<Life | null> => (await readWithLook(deps, tenant, id, null)).life;
      const { caller, begun } = await arrive(authorization, read);
      return report(deps, asleep, withoutPurpose(caller), id, outcome, begun ?? read(caller.tenant));
    }),

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

/** @param reading the whole life of the action */
async function report(
  deps: GatewayDeps,
  asleep: Asleep,
  caller: Caller,
  id: string,
  outcome: OutcomeInput,
  reading: Promise<Life | null>,
): Promise<Action> {
  const life = await reading;
  const state = life === null ? (await readAction(deps, caller.tenant, id)).state : stateAsAsked(life);
  if (!speaksFor(caller, state) && !isRequester(caller, state)) throw notFound();
  const action = { tenant: caller.tenant, id };
  const sealed = await sealOutcome(deps, { action, outcome }, { life: life ?? undefined, by: caller.id });
  if ('refusal' in sealed) {
    if (sealed.refusal.code === 'permit-already-redeemed') {
      deps.log.error({ action: id, tenant: caller.tenant }, 'two executors say that they took the same permit');
    }
    throw fromRefusal(sealed.refusal);
  }
  // A workflow that is asleep has nobody to tell, and its first task finds the record.
  if (!asleep.sleeps(caller.tenant, id)) void tellWorkflow(deps, caller, id, outcome);
  return visibleTo(caller, state, sealed);
}

/** The workflow tells the others and ends. If this message is lost, it finds the record at its next check. Never rejects. */
async function tellWorkflow(deps: GatewayDeps, caller: Caller, id: string, outcome: OutcomeInput): Promise<void> {
  try {
    const attestation = await deps.attestor.attest({
      kind: 'outcome',
      tenant: caller.tenant,
      action: id,
      by: caller.id,
      via: 'api',
      status: outcome.status,
    });
    await updateAction(deps, caller.tenant, id, outcomeUpdate.name, { ...outcome, attestation });
  } catch (error) {
    if (isCountersignError(error) && error.code === 'not-open') return;
    deps.log.warn({ err: error, action: id }, 'a workflow was not told of the outcome');
  }
}
