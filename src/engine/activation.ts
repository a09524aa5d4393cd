/**
 * Which bundle is in force. The sealed `policy` records are the truth, one chain for each tenant; the table of activations follows
 * them, and what a crash kept it from is brought up before anything else is activated.
 */
import type { OtherRecord } from '../contract/index.ts';
import type { EngineDeps } from './deps.ts';
import { sealInChain } from './chain.ts';

/** Publishing a bundle is an action on this surface; the engine itself carries it out. */
export const POLICY_SURFACE = 'countersign.policy';
export const PUBLISH_ACTION = 'policy.publish';

/** True where no executor outside is needed: the permit then never leaves the engine. */
export const isEngineSurface = (surface: string): boolean => surface === POLICY_SURFACE;

/** `action` of the records that say which bundle came into force. */
const CHAIN = 'policy';

export type ActivationDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'now'>;

export interface ActivationInput {
  tenant: string;
  /** A bundle that is stored. */
  hash: string;
  /** The bundle that has to be in force now; null where none is. */
  previous: string | null;
  by: string;
  reason: string | null;
  /** The action that released it; null for what the first start brings. */
  action: string | null;
}

/** `activated` with the hash of its record, also when it was done before; `stale` when another bundle is in force by now. */
export type Activated = { state: 'activated'; record: string } | { state: 'stale'; inForce: string | null };

/**
 * Seals that a bundle comes into force, then brings it into force: never the other way round. Again for the same action, it finds
 * what it did. Of two that replace the same bundle one is sealed, since both want the same place in the chain.
 */
export async function activateBundle(deps: ActivationDeps, input: ActivationInput): Promise<Activated> {
  const { tenant, hash } = input;
  for (;;) {
    await catchUp(deps, tenant);
    const own = input.action === null ? null : await activationOf(deps, tenant, input.action);
    if (own !== null) return { state: 'activated', record: own };
    const history = await deps.store.bundles.history(tenant);
    const newest = history.at(-1) ?? null;
    const inForce = newest?.hash ?? null;
    if (inForce !== input.previous) return { state: 'stale', inForce };
    const at = deps.now().toISOString();
    const sealed = await sealInChain(deps, {
      tenant,
      type: 'policy',
      chain: CHAIN,
      after: newest === null ? null : { seq: history.length - 1, hash: newest.record },
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
    // Somebody was faster: look again at what is in force.
  }
}

/** Brings into force what was sealed before a crash, in the order in which it was sealed. */
export async function catchUp(deps: Pick<EngineDeps, 'store'>, tenant: string): Promise<void> {
  const known = (await deps.store.bundles.history(tenant)).length;
  const missed: { hash: string; record: OtherRecord }[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await deps.store.records.list(tenant, { type: 'policy', action: CHAIN }, cursor, 16);
    for (const { hash, record } of page.records) {
      if (record.type === 'policy' && record.seq >= known) missed.unshift({ hash, record });
    }
    const oldest = page.records.at(-1);
    if (page.nextCursor === null || oldest === undefined || oldest.record.seq < known) break;
    cursor = page.nextCursor;
  }
  for (const { hash, record } of missed) {
    await deps.store.bundles.activate(tenant, String(record.body['bundle']), record.by ?? '', record.at, hash);
  }
}

/** Hash of the record that an action's activation left, or null. */
async function activationOf(deps: Pick<EngineDeps, 'store'>, tenant: string, action: string): Promise<string | null> {
  const { records } = await deps.store.records.list(
    tenant,
    { type: 'policy', action: CHAIN, q: action },
    undefined,
    16,
  );
  const own = records.find(({ record }) => record.type === 'policy' && record.body['action'] === action);
  return own?.hash ?? null;
}
