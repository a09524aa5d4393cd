/**
 * Begins a plan. Every step gets its payload and key, and the hash over the whole plan is made of their requests. Then the steps are
 * started and judged one after another, so that their sums count against limits in the plan's order.
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
import { verifyAttestation, type AttestationOf, type Attestor } from '../../identity/index.ts';
import { requestHash } from '../../sealing/index.ts';
import type { EngineDeps } from '../deps.ts';
import { stepIdOf, stepKeyOf } from '../ids.ts';
import { readActionState } from '../seal.ts';
import type { Judged, JudgeInput } from '../types.ts';
import { inLanes } from './read.ts';
import { wholeOf, type PlanRules } from './step.ts';

export interface BeginDeps extends Pick<EngineDeps, 'store' | 'attestationKeys' | 'now'> {
  attestor: Attestor;
  /** Starts the workflow of a step; does nothing where it was started. */
  start(input: GovernedActionInput, id: string): Promise<void>;
  judge(input: JudgeInput): Promise<Judged>;
}

/** @throws CountersignError `unauthenticated` or `forbidden` where nobody of this stack asked for exactly this */
export async function beginPlan(deps: BeginDeps, input: PlanInput): Promise<void> {
  const { tenant, plan: id, mac } = input;
  const expected = { kind: 'plan', tenant, action: id } as const;
  const asked = await verifyAttestation(input.token, deps.attestationKeys(), deps.now().getTime(), expected);
  if (asked.bodyHash !== hashOf(input.body) || input.arrivedInClear === true) {
    throw new CountersignError('forbidden', 'the plan is not the one that was asked for; send it through the gateway');
  }
  const plan = readPlan(input.body);
  const ids = plan.steps.map((_, index) => stepIdOf(id, index));
  // All steps are judged, so an earlier attempt came this far.
  if ((await deps.store.actions.some(tenant, ids)).length === ids.length) return;
  const { order, onFailure, title = null, steps } = plan;
  const rules = { order, onFailure, title };
  const whole = await wholeIn(deps, input, asked, plan, rules);
  const starts = await inLanes(steps, (request, index) => {
    const step: PlanStep = { plan: id, index, of: steps.length, whole, ...rules };
    return startStep(deps, { tenant, mac, asked, step, request });
  });
  // One after another: each finds what those before it took of limits.
  for (const [index, start] of starts.entries()) {
    if (start !== null) await deps.judge({ ...start, id: stepIdOf(id, index), createdAt: deps.now().toISOString() });
  }
}

/** The hash over the whole plan. Its requests commit to their content under keys that are stored from here on. */
async function wholeIn(
  deps: BeginDeps,
  { tenant, plan: id, mac }: PlanInput,
  { by }: AttestationOf<'plan'>,
  { steps }: PlanRequest,
  rules: PlanRules,
): Promise<string> {
  const hashes = await inLanes(steps, async (request, index) => {
    const payload = await deps.store.payloads.create(tenant, stepIdOf(id, index), { request, asked: { by, mac } });
    if (payload !== null) return requestHash(request, payload.actionKey);
    // Erased since, but its verdict still has the hash.
    const stored = await readActionState(deps, tenant, stepIdOf(id, index));
    return stored?.state.action.requestHash ?? '';
  });
  return wholeOf(tenant, id, rules, hashes);
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
