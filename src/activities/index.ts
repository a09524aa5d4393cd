import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { isCountersignError } from '../contract/index.ts';
import type { Histories } from '../engine/deps.ts';
import type { NotifyDeps } from '../notify/deps.ts';
import { callback } from '../notify/callback.ts';
import { editLost } from '../notify/edit-lost.ts';
import { admit } from '../engine/admit.ts';
import { hear } from '../engine/hear.ts';
import { sealDecision } from '../engine/decisions.ts';
import type { Judged, JudgeInput } from '../engine/types.ts';
import type { Judging } from './judging.ts';
import { notOurs, ours } from './ours.ts';
import type { PeopleTelling } from './telling.ts';
import { sealOutcome } from '../engine/outcome.ts';
import { reconcile } from '../engine/reconcile.ts';
import { webhook } from '../notify/webhook.ts';
import { tellPlan } from '../notify/tell-plan.ts';
import { publishPolicy } from '../engine/publish-policy.ts';
import { resume, resumeLost } from '../engine/resume.ts';
import { advancePlan } from '../engine/plans/advance.ts';
import { beginPlan } from '../engine/plans/begin.ts';
import { lookAt, resumePlan } from '../engine/plans/look.ts';
import { release } from '../engine/release.ts';
import { sealReview } from '../engine/review.ts';
import { execute } from '../engine/execute.ts';
import { eraseDue, forgetOld } from '../engine/erase.ts';
import { asRefusalForGood } from '../engine/fault.ts';
import { stepsWorkflowIdOf, workflowIdOf } from '../engine/ids.ts';
import type { ActionRef } from '../engine/types.ts';
import type { GovernedActionInput } from '../contract/governed-action.ts';
import { shareWithTarget, type ShareDeps } from '../witnessing/share.ts';
import type { ShareActivities } from '../witnessing/types.ts';
import type {
  ExecutionActivities,
  LocalActivities,
  PlanActivities,
  PlanTelling,
  RemoteActivities,
  RetentionActivities,
  SweepActivities,
} from './types.ts';

export { createJudging, type Judging } from './judging.ts';
export { createTelling, type PeopleTelling } from './telling.ts';
export { createNexusActivities, createNexusService } from './nexus.ts';

/**
 * A step that seals runs as a local activity: inside a workflow task of this worker, so its input never crosses the network. The same
 * step as a scheduled activity was sent by somebody else with write access to the namespace, and is refused.
 */
const sealing =
  <In, Out>(step: (input: In) => Promise<Out>): ((input: In) => Promise<Out>) =>
  async (input) => {
    if (activityInfo().isLocal) {
      try {
        return await step(input);
      } catch (error) {
        throw asRefusalForGood(error);
      }
    }
    throw ApplicationFailure.nonRetryable(
      'what seals runs inside a governed action only; send the action a message through the gateway',
      'forbidden',
    );
  };

/** As {@link ours}, for one action: only the workflow with the action's id may tell about it. */
const telling = <In extends { action: ActionRef }, Out>(step: (input: In) => Promise<Out>) =>
  ours<In, Out>((input) => {
    const { tenant, id } = input.action;
    if (activityInfo().workflowExecution?.workflowId === workflowIdOf(tenant, id)) return step(input);
    throw notOurs();
  });

/** Tells the workflow, by its history, which shape its steps have from here on. */
const joined = <T extends Judged>(judged: T): T => ({ ...judged, joined: true, tellsInTurn: true });

/** The activities of a worker, over what `main` hands in. */
export function createActivities(
  deps: NotifyDeps,
  judging: Judging,
  peopleTelling: PeopleTelling,
): LocalActivities & RemoteActivities & ExecutionActivities {
  return {
    judge: sealing(async (input) => joined(await judging.judge(input))),
    judgeAndReport: sealing(async ({ outcome, ...question }) => {
      const judged = joined(await judging.judge(question));
      const { tenant, id } = judged.action;
      return { judged, reported: await sealOutcome(deps, { action: { tenant, id }, outcome }) };
    }),
    resume: sealing(async (input) => joined(await resume(deps, input))),
    admit: sealing((input) => admit(deps, input)),
    sealDecision: sealing((input) => sealDecision(deps, input)),
    decide: sealing((input) => hear(deps, input)),
    release: sealing((input) => release(deps, input)),
    sealOutcome: sealing((input) => sealOutcome(deps, input)),
    reconcile: sealing((input) => reconcile(deps, input)),
    sealReview: sealing((input) => sealReview(deps, input)),
    publishPolicy: sealing((input) => publishPolicy(deps, input)),
    look: sealing(({ action }) => lookAt(deps, action)),
    publishNow: sealing((input) => peopleTelling.publishNow(input)),
    publish: telling((input) => peopleTelling.publish(input)),
    callback: telling((input) => callback(deps, input)),
    webhook: telling((input) => webhook(deps, input)),
    execute: telling((input) => execute(deps, input)),
  };
}

/** The activities of plans: they judge the steps if the process that was asked died, and carry the plan on from there. */
export function createPlanActivities(
  deps: NotifyDeps,
  judging: Judging,
  histories: Histories,
): PlanActivities & PlanTelling {
  const starts = {
    start: (input: GovernedActionInput, id: string) => histories.start(input, id),
    judge: (input: JudgeInput) => judging.judge(input),
  };
  return {
    resumePlan: sealing(({ action }) => resumePlan({ ...deps, histories }, action)),
    beginPlan: sealing((input) => beginPlan({ ...deps, ...starts }, input).catch(askedByNobody)),
    advancePlan: sealing((input) => advancePlan(deps, input)),
    publishPlan: ours((input) => {
      const { tenant, plan, joined = 0 } = input;
      if (activityInfo().workflowExecution?.workflowId !== stepsWorkflowIdOf(tenant, plan, joined)) throw notOurs();
      return tellPlan(deps, input);
    }),
  };
}

/** A plan that nobody of this stack asked for fails in the same way every time. */
function askedByNobody(error: unknown): never {
  const forGood = isCountersignError(error) && error.status < 500;
  throw forGood ? ApplicationFailure.nonRetryable(error.message, error.code) : error;
}

/** What only the `retention` and `sweep` workflows need. */
export function createSweepActivities(deps: NotifyDeps, histories: Histories): RetentionActivities & SweepActivities {
  return {
    eraseDue: ours(async ({ limit }) => {
      const due = await eraseDue({ ...deps, histories }, limit);
      // Once an hour, after the last batch.
      if (due.found < limit) await forgetOld(deps);
      return due;
    }),
    resumeLost: ours(async (input) => {
      // Once a minute, before the first batch.
      if (input.after === null) await editLost(deps);
      return resumeLost({ ...deps, histories }, input);
    }),
  };
}

/** What only the `shareCheckpoints` workflow needs. */
export function createShareActivities(deps: ShareDeps): ShareActivities {
  return { shareCheckpoints: ours((target) => shareWithTarget(deps, target)) };
}
