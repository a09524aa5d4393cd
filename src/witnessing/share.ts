/** The checkpoints of all tenants, shared with one witness or one anchor. */
import { nonRetryable } from '../engine/failure.ts';
import { CountersignError } from '../contract/index.ts';
import { anchorCheckpoint, type Anchor, type AnchorDeps } from './anchors.ts';
import type { ShareTarget } from './types.ts';
import { cosignCheckpoint, type Witness, type WitnessDeps } from './witnesses.ts';

export interface ShareDeps extends WitnessDeps, AnchorDeps {
  logReader: WitnessDeps['logReader'] & AnchorDeps['logReader'];
  store: WitnessDeps['store'] & AnchorDeps['store'];
  /** By the name that the Schedule says. */
  witnesses: ReadonlyMap<string, Witness>;
  anchors: ReadonlyMap<string, Anchor>;
}

/**
 * Handles each tenant on its own. A failure for one is reported after the others are done.
 *
 * @returns how many tenants have their newest checkpoint there now
 */
export async function shareWithTarget(deps: ShareDeps, { kind, name }: ShareTarget): Promise<{ shared: number }> {
  const share = shareWith(deps, kind, name);
  if (share === null) {
    throw nonRetryable(`this worker knows no ${kind} \`${name}\``, 'configuration');
  }
  const failures: unknown[] = [];
  let shared = 0;
  for (const tenant of await deps.store.witnessed.tenants()) {
    try {
      await share(tenant);
      shared += 1;
    } catch (error) {
      // The store cannot be reached, which concerns every tenant.
      if (error instanceof CountersignError && error.code === 'unavailable') throw error;
      deps.log.warn({ err: error, tenant, [kind]: name }, 'the checkpoint could not be shared; it is tried again');
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined) throw first instanceof Error ? first : new Error('a checkpoint could not be shared');
  return { shared };
}

function shareWith(
  deps: ShareDeps,
  kind: ShareTarget['kind'],
  name: string,
): ((tenant: string) => Promise<number>) | null {
  if (kind === 'witness') {
    const witness = deps.witnesses.get(name);
    return witness === undefined ? null : (tenant) => cosignCheckpoint(deps, tenant, witness);
  }
  const anchor = deps.anchors.get(name);
  return anchor === undefined ? null : (tenant) => anchorCheckpoint(deps, tenant, anchor);
}
