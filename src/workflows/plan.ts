import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlanActivities, PlanTelling } from '../activities/types.ts';
import type { PlanInput, PlanResumeInput } from '../contract/governed-action.ts';
import { lookSignal, steppedSignal, wakeUpdate } from './messages.ts';

const retry = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' } as const;

/** Judging a hundred steps takes long, where the process that was asked died before it did. */
const { beginPlan } = proxyLocalActivities<Pick<PlanActivities, 'beginPlan'>>({
  startToCloseTimeout: '5 minutes',
  retry,
  localRetryThreshold: '5 seconds',
});

const { advancePlan } = proxyLocalActivities<Pick<PlanActivities, 'advancePlan'>>({
  startToCloseTimeout: '1 minute',
  retry,
  localRetryThreshold: '5 seconds',
});

/** An outage of Slack delays messages, never decisions. */
const { publishPlan } = proxyActivities<PlanTelling>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '7 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '2 minutes' },
});

/** Pause between two edits of one message, so that concurrent changes of many steps become one edit. */
const TOLD_MS = 1000;

/** How soon to look again where a freeze holds a step back, and where nobody said anything. */
const HELD_MS = 60_000;
const QUIET_MS = 3600_000;

/** Whether a local activity will fail the same way each time. */
const isForGood = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;

/**
 * One plan over the workflows of its steps: starts them, and lets each continue when its turn comes. It grants nothing: what may be
 * released follows from the sealed records of the steps, which are read each time.
 */
export async function plan(input: PlanInput | PlanResumeInput): Promise<void> {
  const { workflowId } = workflowInfo();
  if (typeof input !== 'object' || input === null || typeof input.plan !== 'string') {
    throw ApplicationFailure.nonRetryable('the workflow was started without its input', 'invalid-request');
  }
  const { tenant, plan: id } = input;
  const at = 'resume' in input ? undefined : input.at;
  if (workflowId !== `plan/${tenant}/${id.slice('pln_'.length)}${at === undefined ? '' : `/${at}`}`) {
    throw ApplicationFailure.nonRetryable('this workflow is not the plan’s own', 'invalid-request');
  }
  let stepped = 0;
  setHandler(steppedSignal, () => void (stepped += 1));
  setHandler(wakeUpdate, () => undefined, {
    validator: () => {
      throw ApplicationFailure.nonRetryable('the workflow is awake', 'not-open');
    },
  });
  let abandoned = false;
  if (!('resume' in input)) {
    await beginPlan(input).catch((error: unknown) => {
      if (!isForGood(error)) throw error;
      // Some steps may be judged already. The others never will be, so nothing of the plan is released.
      abandoned = true;
    });
  }
  // These steps joined later. Each of them signals the plan's own workflow, or starts it anew.
  if (at !== undefined) return publishPlan({ tenant, plan: id, joined: at }).catch(() => undefined);
  /** Grows with every change of a step; `announced` is the one that people read. */
  let revision = 0;
  let announced = 0;
  const tellPeople = async (): Promise<void> => {
    for (;;) {
      await condition(() => announced < revision);
      const now = revision;
      await publishPlan({ tenant, plan: id }).catch(() => undefined);
      announced = now;
      await sleep(TOLD_MS);
    }
  };
  void new CancellationScope({ cancellable: false }).run(tellPeople);
  for (;;) {
    const seen = stepped;
    revision += 1;
    const { changed, held, over } = await advancePlan({ tenant, plan: id, ...(abandoned ? { abandoned } : {}) });
    for (const action of changed) {
      const step = getExternalWorkflowHandle(`action/${tenant}/${action.slice('act_'.length)}`);
      await step.signal(lookSignal).catch(() => undefined);
    }
    if (changed.length > 0) revision += 1;
    const isTold = (): boolean => announced === revision;
    if (over) return void (await condition(isTold));
    await condition(() => stepped !== seen, held ? HELD_MS : QUIET_MS);
    if (workflowInfo().continueAsNewSuggested && !abandoned) {
      await condition(isTold);
      await continueAsNew<typeof plan>({ resume: true, tenant, plan: id });
    }
  }
}
