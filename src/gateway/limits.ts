/** What is taken of the limits in force: by whom, of how much, and until when. */
import { CountersignError } from '../contract/index.ts';
import type { LimitList } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { storedBundle } from './policies.ts';

/** Values of the key that are listed of each limit. */
const LISTED = 50;

/** @throws CountersignError `forbidden` for anybody but auditors and owners */
export async function listLimits(deps: GatewayDeps, caller: Caller): Promise<LimitList> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner sees what limits hold');
  const { tenant } = caller;
  const now = deps.now();
  const hash = await deps.bundles.inForce(tenant);
  const bundle = hash === null ? null : await storedBundle(deps, tenant, hash);
  const limits = (bundle?.policies ?? []).flatMap((policy) =>
    policy.limits.map(({ id, name, key, sum, windowMs, max }) => ({
      id,
      key,
      sum,
      windowMs,
      named: { policy: policy.name, name, max, windowSeconds: windowMs / 1000 },
    })),
  );
  const windows = limits.map(({ id, windowMs }) => ({ limit: id, windowMs }));
  const held = await deps.store.limitUse.inUse(tenant, windows, now, LISTED);
  return {
    at: now.toISOString(),
    limits: limits.flatMap(({ id, key, sum, named }) =>
      held
        .filter(({ limit }) => limit === id)
        .map(({ used, actions, since, freeAt, action, key: values }) => ({
          ...named,
          key: key.map((path, at) => ({ path, value: values[at] ?? '' })),
          sum,
          used,
          actions,
          since,
          freeAt,
          newest: action,
        })),
    ),
    unused: limits.filter(({ id }) => held.every(({ limit }) => limit !== id)).map(({ named }) => named),
  };
}
