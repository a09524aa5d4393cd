import { glassQueries } from './break-glass.ts';
import type { CompiledBundle } from './compiled.ts';
import { limitQuery, type LimitRequirement } from './limits.ts';
import { plainReferences, policyReferences } from './people.ts';
import { policyFrame, readAmounts, type Hearing } from './policy-frame.ts';
import type { VouchedRequest } from './vouched.ts';

/** Everything that must be looked up before a request can be judged. */
export interface RequiredFacts {
  limits: LimitRequirement[];
  /** References to resolve, sorted, each once: `user:…`, `group:…`, `role:…`, or `manager` (the actor's). */
  people: string[];
}

/**
 * What the policies that cover a request may ask: all their limits, and every person they might name as approver, reviewer or in an
 * emergency, of a vouched request ({@link asVouched}). Pure and total: values that cannot be read from the request are left out, and the
 * evaluator then refuses.
 */
export function requiredFacts(bundle: CompiledBundle, request: VouchedRequest): RequiredFacts {
  const limits: LimitRequirement[] = [];
  const people = new Set<string>();
  const bindings = bundle.conditions.bind(request, () => '');
  const on: Hearing = { bundle, request, facts: null, nowMs: Number.NaN, bindings, late: () => false };
  for (const policy of bundle.surfaces.covering(request.surface)) {
    for (const limit of policy.limits) {
      const query = limitQuery(limit, request);
      if (!('missing' in query)) limits.push(query);
    }
    limits.push(...glassQueries(policy, request));
    const read = readAmounts(policy, on);
    if (!read.ok) continue;
    const frame = policyFrame(policy, on, read.value);
    for (const ref of policyReferences(policy)) {
      const plain = plainReferences(ref, frame);
      if (Array.isArray(plain)) for (const one of plain) people.add(one);
    }
  }
  return { limits, people: [...people].sort() };
}
