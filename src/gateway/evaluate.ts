import { CountersignError, readRequest, type Facts, type Judgement } from '../contract/index.ts';
import { asVouched, evaluate, requiredFacts, samenessIn } from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';
import { weigh } from '../engine/identify.ts';
import { countersOfGrants, grantFacts, grantsFor } from '../engine/grants.ts';
import { countersOf, earlierRefusals, refusalFacts } from '../engine/refusals.ts';
import { judgementBudget } from '../engine/budget.ts';
import { checkConnector } from '../engine/measure.ts';
import { peopleFacts } from '../engine/oncall.ts';
import type { GatewayDeps } from './deps.ts';
import { storedBundle } from './policies.ts';

/** What-if: the verdict on a request and its trace. Nothing is started, reserved or sealed. */
export async function evaluateRequest(deps: GatewayDeps, caller: Caller, body: unknown): Promise<Judgement> {
  const request = readRequest(body);
  checkConnector(deps, caller.tenant, request);
  const { surface, ...identity } = await weigh(deps, caller, request);
  if (!surface)
    throw new CountersignError('forbidden', identity.conflict ?? 'this credential does not reach the surface');
  const hash = await deps.bundles.inForce(caller.tenant);
  const bundle = hash === null ? null : await storedBundle(deps, caller.tenant, hash);
  if (bundle === null) throw new CountersignError('unavailable', 'no policy is in force; publish a bundle first');
  const now = deps.now();
  const heard = asVouched(request, identity);
  const required = requiredFacts(bundle, heard);
  const { refusals, grants } = await deps.register.current(caller.tenant);
  const standing = grantsFor(grants.values(), bundle, heard, now.getTime());
  const refusalDeps = { store: deps.store, commitments: deps.keys.commitments };
  const sameness = refusals.length === 0 ? [] : samenessIn(bundle, heard);
  const asked = { bundle, request };
  const earlier = await earlierRefusals(refusalDeps, caller.tenant, refusals, asked, sameness, now.getTime());
  const queries = [...required.limits, ...countersOf(earlier), ...countersOfGrants(standing)];
  const limits = await deps.store.limits.usage(caller.tenant, '', queries, now);
  const counting = refusalFacts(earlier, limits);
  const covering = grantFacts(standing, limits);
  const people = [...required.people, ...counting.flatMap(({ ask }) => ask ?? [])];
  const facts: Facts = {
    now: now.toISOString(),
    limits: limits.slice(0, required.limits.length),
    ...(await peopleFacts(deps, caller.tenant, request, people)),
    ...identity,
    ...(counting.length === 0 ? {} : { refusals: counting }),
    ...(covering.length === 0 ? {} : { grants: covering }),
  };
  const { value, silence } = await deps.bundles
    .asking(bundle)
    .judged((by) => evaluate(by, request, facts, { trace: true, late: judgementBudget() }));
  return silence === null ? value : evaluate(bundle, request, { ...facts, fault: silence });
}
