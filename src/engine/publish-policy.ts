import {
  isCountersignError,
  type Action,
  type ActionRequest,
  type JsonObject,
  type OutcomeRecord,
} from '../contract/index.ts';
import { applyChanges } from '../policy/index.ts';
import { activateBundle, PUBLISH_ACTION } from './activation.ts';
import type { ActionState } from './action-state.ts';
import { payloadOf } from './decisions.ts';
import type { EngineDeps } from './deps.ts';
import { frozen } from './freeze.ts';
import { nextHead, readActionState, sealAction } from './seal.ts';

/** What came of it, as its outcome says; `reference` is the activation's record, or why nothing was done. */
type Done = { status: 'executed' | 'failed' | 'skipped'; reference: string };

/**
 * Carries out a released publication: redeems its permit, brings the bundle into force and seals the outcome. The bundle that was
 * judged to be replaced must still be in force, else it is skipped.
 *
 * Durable writes, in order: the redemption; the `policy` record and what it brings into force; the outcome. Run again after any of
 * them, it finds and uses what is there: nobody else can redeem this permit, since it never left the engine.
 */
export async function publishPolicy(deps: EngineDeps, input: { action: Action }): Promise<Action> {
  const { tenant, id } = input.action;
  const stored = await readActionState(deps, tenant, id);
  if (stored === null) throw new Error('a publication of an action that is not stored');
  const { state } = stored;
  if (state.action.status !== 'released') return state.action;
  const { status, reference } = await carryOut(deps, state, await releasedRequest(deps, state));
  const at = deps.now().toISOString();
  const record: OutcomeRecord = {
    ...nextHead(state.action, 'outcome', at),
    surface: state.surface,
    status,
    reference,
    detail: null,
    by: 'countersign',
  };
  const next: ActionState = {
    ...state,
    outcome: { status, reference, detail: null },
    action: { ...state.action, status, updatedAt: at },
  };
  return sealAction(deps, next, [{ record, releaseReservations: status !== 'executed' }], null);
}

async function carryOut(deps: EngineDeps, state: ActionState, request: ActionRequest): Promise<Done> {
  const { tenant, id } = state.action;
  const skipped = (reference: string): Done => ({ status: 'skipped', reference });
  const { bundle, previous } = (request.params ?? {}) as JsonObject;
  if (request.action !== PUBLISH_ACTION || typeof bundle !== 'string') {
    return skipped(`only ${PUBLISH_ACTION} of a bundle is carried out on this surface`);
  }
  const dead = await redeemOwn(deps, state, request);
  if (dead !== null) return { status: 'failed', reference: dead };
  try {
    if ((await deps.bundles.compiled(tenant, bundle)) === null) return skipped('there is no such bundle');
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    return { status: 'failed', reference: 'the stored bundle was altered or does not compile' };
  }
  const reason = state.disclosed['params.reason'];
  const activated = await activateBundle(deps, {
    tenant,
    hash: bundle,
    previous: typeof previous === 'string' ? previous : null,
    by: state.actor.id,
    reason: typeof reason === 'string' ? reason : null,
    action: id,
  });
  return activated.state === 'activated'
    ? { status: 'executed', reference: activated.record }
    : skipped(`another bundle came into force meanwhile: ${activated.inForce ?? 'none'}`);
}

/** Uses the permit up under the rules that hold for every executor, or says why it is dead. Redeemed already: by ourselves. */
async function redeemOwn(deps: EngineDeps, state: ActionState, request: ActionRequest): Promise<string | null> {
  const { tenant } = state.action;
  const release = await deps.store.records.get(tenant, state.action.records.at(-1) ?? '');
  if (release?.record.type !== 'release') return 'the release is not in the log';
  const { jti, expiresAt } = release.record.permit;
  const permit = await deps.store.permits.find(tenant, jti);
  if (permit === null) return 'the permit was never released by this log';
  if (permit.redeemedAt !== null) return null;
  const now = deps.now();
  if (now.getTime() >= Date.parse(expiresAt)) return 'the permit expired before the engine came to it';
  const freeze = await frozen(deps, tenant, state.surface, request.actor);
  if (freeze !== null) return freeze;
  await deps.store.permits.redeem(tenant, jti, now);
  return null;
}

/** The request as it was released: policy's changes, and the approvers' on top of them. */
async function releasedRequest(deps: EngineDeps, state: ActionState): Promise<ActionRequest> {
  const { request } = await payloadOf(deps, state.action);
  return applyChanges(request, { ...state.action.verdict?.changes, ...state.approval?.changes });
}
