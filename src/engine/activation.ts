/**
 * Which bundle is in force. The sealed `policy` records decide, one chain for each tenant. The table of activations is a copy for readers,
 * and grants nothing.
 */
import type { EngineDeps } from './deps.ts';
import { sealInChain } from './chain.ts';

/** Publishing a bundle is an action on this surface; the engine executes it itself. */
export const POLICY_SURFACE = 'countersign.policy';
export const PUBLISH_ACTION = 'policy.publish';

/** True where no other executor is needed. The permit then never leaves the engine. */
export const isEngineSurface = (surface: string): boolean => surface === POLICY_SURFACE;

/** True where the engine executes the action itself. The permit then never leaves it. */
export const isCarriedOut = ({ surface, execution }: { surface: string; execution?: object | undefined }): boolean =>
  isEngineSurface(surface) || execution !== undefined;

/** `action` of the records that say which bundle came into force. */
const CHAIN = 'policy';

export type ActivationDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'register' | 'now'>;

export interface ActivationInput {
  tenant: string;
  /** A bundle that is stored. */
  hash: string;
  /** The bundle that has to be in force now; null where none is. */
  previous: string | null;
  by: string;
  reason: string | null;
  /** The action that released it; null for the bundle of the first start. */
  action: string | null;
}

/** `activated` with the hash of its record, also if it was done before; `stale` if another bundle is now in force. */
export type Activated = { state: 'activated'; record: string } | { state: 'stale'; inForce: string | null };

/**
 * Seals that a bundle comes into force, and so activates it. It is idempotent for an action. Of two bundles that replace the same one, only
 * one is sealed, because both want the same place in the chain.
 */
export async function activateBundle(deps: ActivationDeps, input: ActivationInput): Promise<Activated> {
  const { tenant, hash } = input;
  for (;;) {
    await catchUp(deps, tenant);
    const { activations } = await deps.register.current(tenant);
    const activation = input.action === null ? undefined : activations.find(({ action }) => action === input.action);
    if (activation !== undefined) return { state: 'activated', record: activation.record };
    const newest = activations.at(-1) ?? null;
    const inForce = newest?.bundle ?? null;
    if (inForce !== input.previous) return { state: 'stale', inForce };
    const at = deps.now().toISOString();
    const sealed = await sealInChain(deps, {
      tenant,
      type: 'policy',
      chain: CHAIN,
      after: newest === null ? null : { seq: newest.seq, hash: newest.record },
      at,
      by: input.by,
      reason: input.reason,
      body: { bundle: hash, previous: inForce, action: input.action },
      facets: { surface: POLICY_SURFACE },
    });
    if (!sealed.existing) {
      await deps.store.bundles.activate(tenant, hash, input.by, at, sealed.hash);
      return { state: 'activated', record: sealed.hash };
    }
    // A concurrent activation was faster, so look again at what is in force.
  }
}

/** Brings the table of activations up to what was sealed. */
export async function catchUp(deps: Pick<EngineDeps, 'store' | 'register'>, tenant: string): Promise<void> {
  const { activations } = await deps.register.current(tenant);
  const known = new Set((await deps.store.bundles.history(tenant)).map(({ record }) => record));
  for (const { bundle, by, at, record } of activations.filter((one) => !known.has(one.record))) {
    await deps.store.bundles.activate(tenant, bundle, by, at, record);
  }
}
