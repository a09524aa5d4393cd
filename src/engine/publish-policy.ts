import { ENGINE_ID } from '../contract/engine-names.ts';
import { isCountersignError, type Action, type ActionRequest, type JsonObject } from '../contract/index.ts';
import { activateBundle, isEngineSurface, PUBLISH_ACTION } from './activation.ts';
import type { EngineDeps } from './deps.ts';
import { readLife, type Life } from './life.ts';
import { sealOwnOutcome } from './own-outcome.ts';
import { redeemPermit, releasedRequest } from './redeem.ts';
import type { ActionRef } from './types.ts';

/** The outcome. `reference` is the activation's record, or why nothing was done. */
type Done = { status: 'executed' | 'failed' | 'skipped'; reference: string };

/**
 * Executes a released publication: redeems its permit, activates the bundle and seals the outcome. Skips it unless the bundle that it
 * was approved to replace is still current.
 *
 * Durable writes, in order: the redemption; the `policy` record and what it brings into force; the outcome. A second run
 * continues after the last of them. Nobody else can redeem this permit, because it never left the engine.
 */
export async function publishPolicy(deps: EngineDeps, input: { action: ActionRef }): Promise<Action> {
  const { tenant, id } = input.action;
  const life = await readLife(deps, tenant, id);
  if (life === null) throw new Error('a publication of an action that is not stored');
  if (life.state.action.status !== 'released' || !isEngineSurface(life.state.surface)) return life.state.action;
  const { request } = await releasedRequest(deps, life);
  const done = await carryOut(deps, life, request);
  return sealOwnOutcome(deps, { tenant, id }, done);
}

async function carryOut(deps: EngineDeps, life: Life, request: ActionRequest): Promise<Done> {
  const { state } = life;
  const { tenant, id } = state.action;
  const skipped = (reference: string): Done => ({ status: 'skipped', reference });
  const { bundle, previous } = (request.params ?? {}) as JsonObject;
  if (request.action !== PUBLISH_ACTION || typeof bundle !== 'string') {
    return skipped(`only ${PUBLISH_ACTION} of a bundle is carried out on this surface`);
  }
  const dead = await redeemOwn(deps, life);
  if (dead !== null) return skipped(dead);
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

/** Redeems the permit by the rules of every executor, or says why it no longer counts. Idempotent. */
async function redeemOwn(deps: EngineDeps, { state, release }: Life): Promise<string | null> {
  const { tenant, id } = state.action;
  if (release === null) return 'it was never released';
  try {
    const { jti } = release.permit;
    await redeemPermit(deps, { tenant, id, jti, by: ENGINE_ID, redeemer: release.prev, check: () => undefined });
    return null;
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    return error.message;
  }
}
