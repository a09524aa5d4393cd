import { CountersignError, readRequest, type Judgement } from '../contract/index.ts';
import { evaluate, requiredFacts } from '../policy/index.ts';
import { mayAsk, spokenForBy, type Caller } from '../identity/index.ts';
import { peopleFacts } from '../engine/judge.ts';
import type { GatewayDeps } from './deps.ts';
import { storedBundle } from './policies.ts';

/** What-if: the verdict on a request and its trace. Nothing is started, reserved or sealed. */
export async function evaluateRequest(deps: GatewayDeps, caller: Caller, body: unknown): Promise<Judgement> {
  const request = readRequest(body);
  const conflict = mayAsk(caller, request, deps.directory.current());
  if (conflict?.kind === 'surface') throw new CountersignError('forbidden', conflict.detail);
  const hash = await deps.bundles.inForce(caller.tenant);
  const bundle = hash === null ? null : await storedBundle(deps, caller.tenant, hash);
  if (bundle === null) throw new CountersignError('unavailable', 'no policy is in force; publish a bundle first');
  const now = deps.now();
  const required = requiredFacts(bundle, request);
  const spokenFor = spokenForBy(caller, request);
  return evaluate(
    bundle,
    request,
    {
      now: now.toISOString(),
      limits: await deps.store.limits.usage(caller.tenant, '', required.limits, now),
      people: peopleFacts(deps, request, required.people),
      conflict: conflict?.detail ?? null,
      ...(spokenFor === null ? {} : { spokenFor }),
    },
    { trace: true },
  );
}
