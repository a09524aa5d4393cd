/** Asks for a plan: its workflow is started durably, then this process judges its steps. */
import { hashOf } from '../../canonical/index.ts';
import { CountersignError, inStep, readPlan, type PlanRequest } from '../../contract/index.ts';
import { GOVERNED_ACTION, PLAN_WORKFLOW, type PlanInput } from '../../contract/governed-action.ts';
import type { PlanView } from '../../contract/views/index.ts';
import { bodyMac, planIdOf, planWorkflowIdOf, stepIdOf, workflowIdOf } from '../../engine/ids.ts';
import { checkConnector } from '../../engine/measure.ts';
import { advancePlan } from '../../engine/plans/advance.ts';
import { beginPlan } from '../../engine/plans/begin.ts';
import { readPlanLives, type PlanLives } from '../../engine/plans/read.ts';
import { readActionState } from '../../engine/seal.ts';
import { mayAsk, type Caller } from '../../identity/index.ts';
import { wakeUpdate } from '../../workflows/messages.ts';
import { recordRefusal } from '../attempts.ts';
import type { GatewayDeps } from '../deps.ts';
import { checkCallback, checkIdempotencyKey, checkReversed } from '../request.ts';
import { startOnce } from '../start-workflow.ts';
import { untilSo, viewFor } from './read.ts';

/** How long to wait for a plan that another process judges, in milliseconds. */
const JUDGED_MS = 4500;

export function createPlanStarter(deps: GatewayDeps) {
  /** Identical plans that arrive together share one start. */
  const starting = new Map<string, { mac: string; begun: Promise<void> }>();

  const wake = (workflowId: string): void => {
    void deps.client.workflow
      .getHandle(workflowId)
      .executeUpdate(wakeUpdate)
      .catch(() => undefined);
  };

  /** Started and judged by this process; where that fails, its workflow does it. */
  const begin = async (caller: Caller, body: PlanRequest, id: string, mac: string): Promise<void> => {
    const { tenant } = caller;
    const workflowId = planWorkflowIdOf(tenant, id);
    const token = await deps.attestor.attest({
      kind: 'plan',
      tenant,
      action: id,
      by: caller.id,
      via: 'api',
      bodyHash: hashOf(body),
      caller,
      bundle: await deps.bundles.inForce(tenant),
    });
    const input: PlanInput = { tenant, plan: id, body, token, mac };
    if (!(await startOnce(deps, PLAN_WORKFLOW, workflowId, input))) return wake(workflowId);
    try {
      await beginPlan(
        {
          ...deps,
          start: async (step, action) =>
            void (await startOnce(deps, GOVERNED_ACTION, workflowIdOf(tenant, action), step)),
          judge: (step) => deps.judging.begin(step),
        },
        input,
      );
      await advancePlan(deps, { tenant, plan: id });
    } catch (error) {
      deps.log.warn({ err: error, plan: id }, 'the process that was asked could not judge a plan; its workflow does');
    }
    wake(workflowId);
    for (const [index, { callback }] of body.steps.entries()) {
      if (callback !== undefined) wake(workflowIdOf(tenant, stepIdOf(id, index)));
    }
  };

  return async (caller: Caller, raw: unknown, rawKey: string | undefined, waitMs: number): Promise<PlanView> => {
    const idempotencyKey = checkIdempotencyKey(rawKey);
    const body = readPlan(raw);
    const { tenant } = caller;
    const id = planIdOf(idempotencyKey);
    await checkSteps(deps, caller, body, id);
    const mac = bodyMac(idempotencyKey, body);
    const key = `${tenant}\n${caller.id}\n${id}`;
    const earlier = await readActionState(deps, tenant, stepIdOf(id, 0));
    if (earlier !== null) sameBody(earlier.state.bodyMac, mac);
    const running = starting.get(key) ?? { mac, begun: begin(caller, body, id, mac) };
    sameBody(running.mac, mac);
    starting.set(key, running);
    try {
      await running.begun;
    } finally {
      starting.delete(key);
    }
    const read = (): Promise<PlanLives | null> => readPlanLives(deps, tenant, id);
    const about = { tenant, plan: id, steps: body.steps.length };
    const isJudged = (plan: PlanLives | null): boolean => plan !== null && !plan.lives.includes(null);
    const plan = await untilSo(deps, { ...about, waitMs: JUDGED_MS }, read, isJudged);
    if (plan === null) {
      throw new CountersignError(
        'unavailable',
        'the plan is accepted but not judged yet, and nothing was released. ask again with the same key',
        { extensions: { plan: id, retryAfter: 1 } },
      );
    }
    const [first] = plan.lives;
    if (first != null) sameBody(first.payload?.asked?.mac ?? first.state.bodyMac, mac);
    const view = viewFor(deps, caller, plan);
    if (waitMs === 0 || !waitsForPeople(view)) return view;
    return untilSo(
      deps,
      { ...about, waitMs },
      async () => viewFor(deps, caller, (await read()) ?? plan),
      (now) => !waitsForPeople(now),
    );
  };
}

export const waitsForPeople = ({ status }: Pick<PlanView, 'status'>): boolean =>
  status === 'supervised' || status === 'evaluating';

/** Checks each step as far as possible before anything starts. @throws CountersignError with pointers into the plan */
async function checkSteps(deps: GatewayDeps, caller: Caller, { steps }: PlanRequest, id: string): Promise<void> {
  for (const [index, request] of steps.entries()) {
    try {
      checkCallback(request, deps.webhookTargets ?? 'public');
      checkConnector(deps, caller.tenant, request);
      if (mayAsk(caller, request)?.kind === 'surface') {
        const refusal = new CountersignError(
          'forbidden',
          `this credential does not reach the surface \`${request.surface}\`; ask for a key that does`,
        );
        await recordRefusal(deps, caller, id, 'api', () => Promise.reject(refusal));
      }
      await checkReversed(deps, caller, request);
    } catch (error) {
      throw inStep(error, index);
    }
  }
}

function sameBody(before: string, now: string): void {
  if (before === now) return;
  throw new CountersignError(
    'idempotency-key-reused',
    'this Idempotency-Key was used for another plan; use a new key for a new plan, the same body to repeat one',
  );
}
