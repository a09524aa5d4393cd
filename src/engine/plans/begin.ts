/**
 * Begins a plan, or the steps that join an open one. Every step gets its payload and key, and the hash over the whole plan is made of their
 * requests. Then the steps are started and judged one after another, so that their sums count against limits in the plan's order.
 *
 * A repetition finds each write and uses it. So running this again after a crash leads to the same plan.
 */
import { hashOf } from '../../canonical/index.ts';
import {
  CountersignError,
  readPlan,
  type ActionRequest,
  type PlanRequest,
  type PlanStep,
} from '../../contract/index.ts';
import type { GovernedActionInput, PlanInput } from '../../contract/governed-action.ts';
import type { AttestationOf } from '../../identity/index.ts';
import { requestHash } from '../../sealing/index.ts';
import type { EngineDeps } from '../deps.ts';
import { stepIdOf, stepKeyOf } from '../ids.ts';
import { readActionState } from '../seal.ts';
import type { Judged, JudgeInput } from '../types.ts';
import { inLanes, readPlanLives } from './read.ts';
import { rulesIn, wholeOf, type PlanRules } from './step.ts';

export interface BeginDeps extends Pick<EngineDeps, 'store' | 'signers' | 'attestor' | 'now'> {
  /** Starts the workflow of a step; does nothing where it was started. */
  start(input: GovernedActionInput, id: string): Promise<void>;
  judge(input: JudgeInput): Promise<Judged>;
}

/** @throws CountersignError `unauthenticated` or `forbidden` where nobody of this stack asked for exactly this */
export async function beginPlan(deps: BeginDeps, input: PlanInput): Promise<void> {
  const { tenant, plan: id, mac } = input;
  const expected = { kind: 'plan', tenant, action: id } as const;
  const asked = await deps.attestor.verify(input.token, deps.now().getTime(), expected);
  if (asked.bodyHash !== askedHash(input) || input.arrivedInClear === true) {
    throw new CountersignError('forbidden', 'the plan is not the one that was asked for; send it through the gateway');
  }
  const plan = readPlan(input.body);
  const { at = 0 } = input;
  const ids = plan.steps.map((_, index) => stepIdOf(id, at + index));
  // All steps are judged, so an earlier attempt came this far.
  if ((await deps.store.actions.some(tenant, ids)).length === ids.length) return;
  const { order, onFailure, title = null, open, steps } = plan;
  const rules = rulesIn({ order, onFailure, title, open: open === true ? open : undefined });
  const hashes = [...(await hashesBefore(deps, tenant, id, at, rules)), ...(await hashesIn(deps, input, asked, plan))];
  const whole = wholeOf(tenant, id, rules, hashes);
  const starts = await inLanes(steps, (request, index) => {
    const step: PlanStep = { plan: id, index: at + index, of: hashes.length, whole, ...rules };
    return startStep(deps, { tenant, mac, asked, step, request });
  });
  // One after another, so that each step finds what the earlier ones took from limits.
  for (const [index, start] of starts.entries()) {
    if (start === null) continue;
    await deps.judge({ ...start, id: stepIdOf(id, at + index), createdAt: deps.now().toISOString() });
  }
}

/** The hash that the gateway attested for the requester: these steps, at this place. */
export const askedHash = ({ body, at }: Pick<PlanInput, 'body' | 'at'>): string =>
  hashOf(at === undefined ? body : { at, body });

/**
 * The requests of the steps that these join, as they were sealed.
 *
 * @throws CountersignError `not-open` unless that is an open plan with as many steps and the same rules
 */
async function hashesBefore(
  deps: BeginDeps,
  tenant: string,
  id: string,
  at: number,
  rules: PlanRules,
): Promise<string[]> {
  if (at === 0) return [];
  const plan = await readPlanLives(deps, tenant, id);
  const before = plan?.lives.slice(0, at) ?? [];
  const hashes = before.flatMap((life) => life?.verdict.requestHash ?? []);
  const last = plan?.reviewed[at - 1];
  if (hashes.length !== at || last?.open !== true || last.of !== at || hashOf(rulesIn(last)) !== hashOf(rules)) {
    throw new CountersignError(
      'not-open',
      'these steps join no open plan that has as many; read it, and add after its last',
    );
  }
  return hashes;
}

/** The hashes of requests whose content is committed to under keys that are kept from here on. */
function hashesIn(
  deps: BeginDeps,
  { tenant, plan, mac, at = 0 }: PlanInput,
  { by }: AttestationOf<'plan'>,
  { steps }: PlanRequest,
): Promise<string[]> {
  return inLanes(steps, async (request, index) => {
    const id = stepIdOf(plan, at + index);
    const payload = await deps.store.payloads.create(tenant, id, { request, asked: { by, mac } });
    if (payload !== null) return requestHash(request, payload.actionKey);
    // Erased since, but its verdict still has the hash.
    const stored = await readActionState(deps, tenant, id);
    return stored?.state.action.requestHash ?? '';
  });
}

interface StepStart extends Pick<PlanInput, 'tenant' | 'mac'> {
  asked: AttestationOf<'plan'>;
  step: PlanStep;
  request: ActionRequest;
}

/** Starts a step's workflow, and returns what the step is judged from; null where it is judged already. */
async function startStep(
  deps: BeginDeps,
  { tenant, mac, asked, step, request }: StepStart,
): Promise<GovernedActionInput | null> {
  const id = stepIdOf(step.plan, step.index);
  if ((await readActionState(deps, tenant, id)) !== null) return null;
  const { by, via, caller, bundle } = asked;
  const token = await deps.attestor.attest({
    kind: 'start',
    tenant,
    action: id,
    by,
    via,
    requestHash: hashOf(request),
    caller,
    bundle,
    step,
  });
  const input = { request, tenant, idempotencyKey: stepKeyOf(step.plan, step.index), mac, token };
  await deps.start(input, id);
  return input;
}
