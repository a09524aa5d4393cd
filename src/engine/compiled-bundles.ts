import { BoundedMap } from '../canonical/index.ts';
import type { Activation } from '../register/index.ts';
import type { Store } from '../store/index.ts';
import { compileBundle, type CompiledBundle, type ExternalEngines } from '../policy/index.ts';
import type { PolicyBundles } from './deps.ts';
import { createPrograms } from './programs.ts';

/** Says which bundle is in force. The register does. */
export interface ActivationSource {
  current(tenant: string): Promise<{ activations: readonly Activation[] }>;
}

/** Of what is in force: the hash of the bundle, null where none was ever published. */
export const bundleInForce = ({ activations }: { activations: readonly Activation[] }): string | null =>
  activations.at(-1)?.bundle ?? null;

/** How many compiled bundles are cached. Older ones are compiled again when a parked action needs them. */
const CACHED_MAX = 32;

/**
 * Bundles of the store, by hash. The sealed records say which is in force. Compiling throws when a stored bundle does not match its hash.
 */
export function createPolicyBundles(
  { store, register }: { store: Pick<Store, 'bundles'>; register: ActivationSource },
  engines?: ExternalEngines,
): PolicyBundles {
  const compiled = new BoundedMap<string, CompiledBundle>(CACHED_MAX);
  const { asking } = createPrograms();
  return {
    asking,
    inForce: async (tenant) => bundleInForce(await register.current(tenant)),
    async compiled(tenant, hash) {
      const key = `${tenant}\n${hash}`;
      const known = compiled.get(key);
      if (known !== undefined) return known;
      const source = await store.bundles.get(tenant, hash);
      if (source === null) return null;
      const bundle = compileBundle(source, hash, engines);
      compiled.set(key, bundle);
      return bundle;
    },
  };
}
