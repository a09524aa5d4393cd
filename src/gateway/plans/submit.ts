/** Asks for a plan: its workflow is started durably, then this process judges its steps. */
import { CountersignError, inStep, readPlan, readPlanSteps, type PlanRequest } from '../../contract/index.ts';
import { PLAN_WORKFLOW, type PlanInput } from '../../contract/governed-action.ts';
import type { PlanView } from '../../contract/views/index.ts';
import { bodyMac, planIdOf, stepIdOf, stepsWorkflowIdOf, workflowIdOf } from '../../engine/ids.ts';
import { checkConnector } from '../../engine/measure.ts';
import { advancePlan } from '../../engine/plans/advance.ts';
import { stateAsAsked } from '../../engine/life.ts';
import { askedHash, beginPlan } from '../../engine/plans/begin.ts';
import { readPlanLives, standingsOf, type PlanLives } from '../../engine/plans/read.ts';
import { readActionState } from '../../engine/seal.ts';
import { mayAsk, type Caller } from '../../identity/index.ts';
import { wakeUpdate } from '../../workflows/messages.ts';
import { isRequester } from '../access.ts';
import { recordRefusal } from '../attempts.ts';
import type { GatewayDeps } from '../deps.ts';
import { checkCallback, checkIdempotencyKey, checkReversed } from '../request.ts';
import { startAction, startOnce } from '../start-workflow.ts';
import { planFor, untilSo, viewFor } from './read.ts';
import type { Plans } from './types.ts';

/** How long to wait for a plan that another process judges, in milliseconds. */
const JUDGED_MS = 4500;

export function createPlanStarter(deps: GatewayDeps): Pick<Plans, 'submitPlan' | 'addSteps'> {
  /** Identical plans that arrive together share one start. */
  const starting = new Map<string, { mac: string; begun: Promise<void> }>();

  const wake = (workflowId: string): void => {
    void deps.client.workflow
      .getHandle(workflowId)
      .executeUpdate(wakeUpdate)
      .catch(() => undefined);
  };

  /** Started and judged by this process; where that fails, its workflow does it. */
  const begin = async (caller: Caller, { id, at, body, mac }: Asked): Promise<void> => {
    const { tenant } = caller;
    const workflowId = stepsWorkflowIdOf(tenant, id, at);
    const joins = at === 0 ? {} : { at };
    const token = await deps.attestor.attest({
      kind: 'plan',
      tenant,
      action: id,
      by: caller.id,
      via: 'api',
      bodyHash: askedHash({ body, ...joins }),
      caller,
      bundle: await deps.bundles.inForce(tenant),
    });
    const input: PlanInput = { tenant, plan: id, body, token, mac, ...joins };
    if (!(await startOnce(deps, PLAN_WORKFLOW, workflowId, input))) return wake(workflowId);
    try {
      await beginPlan(
        {
          ...deps,
          start: async (step, action) => void (await startAction(deps, workflowIdOf(tenant, action), step)),
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
      if (callback !== undefined) wake(workflowIdOf(tenant, stepIdOf(id, at + index)));
    }
  };

  /** Begins these steps, or finds them, and answers when every one of them has its verdict. */
  const ask = async (caller: Caller, asked: Asked, waitMs: number): Promise<PlanView> => {
    const { id, at, body, mac, sameBody } = asked;
    const { tenant } = caller;
    await checkSteps(deps, caller, body, id);
    const key = `${tenant}\n${caller.id}\n${id}\n${at}`;
    const earlier = await readActionState(deps, tenant, stepIdOf(id, at));
    if (earlier !== null) sameBody(earlier.state.bodyMac, mac);
    const running = starting.get(key) ?? { mac, begun: begin(caller, asked) };
    sameBody(running.mac, mac);
    starting.set(key, running);
    try {
      await running.begun;
    } finally {
      starting.delete(key);
    }
    const read = (): Promise<PlanLives | null> => readPlanLives(deps, tenant, id);
    const steps = at + body.steps.length;
    const about = { tenant, plan: id, steps };
    const isJudged = (plan: PlanLives | null): boolean =>
      plan !== null && plan.lives.length >= steps && !plan.lives.includes(null);
    const plan = await untilSo(deps, { ...about, waitMs: JUDGED_MS }, read, isJudged);
    const first = plan?.lives[at];
    if (plan === null || first === undefined) {
      throw new CountersignError(
        'unavailable',
        'the plan is accepted but not judged yet, and nothing was released. ask again with the same key',
        { extensions: { plan: id, retryAfter: 1 } },
      );
    }
    if (first !== null) sameBody(first.payload?.asked?.mac ?? first.state.bodyMac, mac);
    const view = viewFor(deps, caller, plan);
    if (waitMs === 0 || !waitsForPeople(view)) return view;
    return untilSo(
      deps,
      { ...about, waitMs },
      async () => viewFor(deps, caller, (await read()) ?? plan),
      (now) => !waitsForPeople(now),
    );
  };

  return {
    async submitPlan(caller, raw, rawKey, waitMs) {
      const key = checkIdempotencyKey(rawKey);
      const body = readPlan(raw);
      return ask(caller, { id: planIdOf(key), at: 0, body, mac: bodyMac(key, body), sameBody }, waitMs);
    },

    async addSteps(caller, id, raw, waitMs) {
      const plan = await planFor(deps, caller, id);
      const { at, steps } = readPlanSteps(raw);
      await recordRefusal(deps, caller, id, 'api', () => Promise.resolve(checkJoins(caller, plan, at)));
      const { order, onFailure, title } = plan.step;
      const body: PlanRequest = { steps, order, onFailure, ...(title === null ? {} : { title }), open: true };
      return ask(caller, { id, at, body, mac: bodyMac(`${id}\n${at}`, body), sameBody: sameSteps }, waitMs);
    },
  };
}

/** Steps that are asked for: all of a plan, or those that join an open one from `at` on. */
interface Asked {
  id: string;
  at: number;
  body: PlanRequest;
  /** Keyed hash of the body. */
  mac: string;
  /** @throws CountersignError where something else was asked there before */
  sameBody(before: string, now: string): void;
}

/** Only the requester's side adds to an open plan, after its last step, while the plan goes on. */
function checkJoins(caller: Caller, { step, reviewed, lives }: PlanLives, at: number): void {
  const states = lives.flatMap((life) => (life === null ? [] : stateAsAsked(life)));
  if (!states.every((state) => isRequester(caller, state))) {
    throw new CountersignError('forbidden', 'only the requester of a plan adds steps to it; ask for your own');
  }
  if (step.open !== true) {
    throw new CountersignError('not-open', 'this plan was reviewed as a whole; submit another, or one that is `open`');
  }
  if (at > lives.length) {
    throw new CountersignError('conflict', `the plan has ${lives.length} steps; add the next ones at ${lives.length}`);
  }
  if (at < lives.length) return;
  const standings = standingsOf(
    reviewed,
    lives.map((life) => life?.state ?? null),
  );
  const failed = standings.indexOf('failed');
  if (step.onFailure === 'withdraw' && failed !== -1) {
    throw new CountersignError('not-open', `step ${failed + 1} ended this plan; submit another for what is left`);
  }
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

/** A step that was reviewed stands: it is never asked for as another one. */
function sameSteps(before: string, now: string): void {
  if (before === now) return;
  throw new CountersignError(
    'conflict',
    'these are not the steps that were reviewed there; read the plan, and add others after its last',
  );
}

function sameBody(before: string, now: string): void {
  if (before === now) return;
  throw new CountersignError(
    'idempotency-key-reused',
    'this Idempotency-Key was used for another plan; use a new key for a new plan, the same body to repeat one',
  );
}
