/** Coverage: which policy governs which surface, which requests had none, and which released actions came to nothing. */
import { CountersignError } from '../contract/index.ts';
import type { SurfaceCoverage, SurfaceList } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { storedBundle } from './policies.ts';

const DAYS_MS = 30 * 24 * 3600 * 1000;
const REDEMPTIONS = 10_000;

/** Each process asks for this surface when it starts, to be refused. No policy has to govern it. */
export const SELF_CHECK_SURFACE = 'countersign.self-check';

/** Surfaces in the order of their names. @throws CountersignError `forbidden` for anybody but auditors and owners */
export async function listSurfaces(deps: GatewayDeps, caller: Caller): Promise<SurfaceList> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner sees what is governed');
  const { tenant } = caller;
  const since = new Date(deps.now().getTime() - DAYS_MS).toISOString();
  const [asked, executed, hash] = await Promise.all([
    deps.store.coverage.asked(tenant, since),
    deps.store.coverage.executed(tenant, since, REDEMPTIONS),
    deps.bundles.inForce(tenant),
  ]);
  const bundle = hash === null ? null : await storedBundle(deps, tenant, hash);
  const named = bundle?.policies.flatMap(({ surfaces }) => surfaces) ?? [];
  const seen = new Set(asked.map(({ surface }) => surface).filter((surface) => surface !== SELF_CHECK_SURFACE));
  // List a glob itself only if no action asked for a surface below it.
  const silent = named.filter((glob) => ![...seen].some((surface) => matchesSurface(glob, surface)));
  const surfaces = [...new Set([...seen, ...silent])].sort().map((surface): SurfaceCoverage => {
    const covering = seen.has(surface)
      ? (bundle?.surfaces.covering(surface) ?? [])
      : (bundle?.policies.filter((policy) => policy.surfaces.includes(surface)) ?? []);
    const actions = asked.filter((one) => one.surface === surface);
    const times = (status?: string): number =>
      actions.filter((one) => status === undefined || one.status === status).reduce((sum, one) => sum + one.times, 0);
    return {
      surface,
      governed: covering.length > 0,
      policies: covering.map(({ name, mode }) => ({ name, mode })),
      actions: times(),
      lastAt:
        actions
          .map(({ lastAt }) => lastAt)
          .sort()
          .at(-1) ?? null,
      neverRedeemed: times('lapsed'),
      neverReported: times('unreported'),
      executedBy: executed
        .filter((one) => one.surface === surface)
        .sort((one, other) => other.times - one.times)
        .map(({ by, times: redeemed }) => ({ by, times: redeemed })),
    };
  });
  return { since, surfaces };
}
