import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import type { Histories } from '../engine/deps.ts';
import type { NotifyDeps } from '../notify/deps.ts';
import { callback } from '../notify/callback.ts';
import { admit } from '../engine/admit.ts';
import { sealDecision } from '../engine/decisions.ts';
import type { Judging } from './judging.ts';
import { sealOutcome } from '../engine/outcome.ts';
import { reconcile } from '../engine/reconcile.ts';
import { webhook } from '../notify/webhook.ts';
import { publish } from '../notify/publish.ts';
import { publishPolicy } from '../engine/publish-policy.ts';
import { resume, resumeLost } from '../engine/resume.ts';
import { release } from '../engine/release.ts';
import { sealReview } from '../engine/review.ts';
import { eraseDue } from '../engine/erase.ts';
import { asRefusalForGood } from '../engine/fault.ts';
import type { LocalActivities, RemoteActivities, RetentionActivities, SweepActivities } from './types.ts';

export { createJudging, type Judging } from './judging.ts';
export { createShareActivities, type ShareDeps } from '../witnessing/share.ts';

/**
 * A step that seals runs as a local activity: inside a workflow task of our own worker, so its input never crosses the network. The same
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

/** The activities of a worker, over what `main` hands in. */
export function createActivities(deps: NotifyDeps, judging: Judging): LocalActivities & RemoteActivities {
  return {
    judge: sealing((input) => judging.judge(input)),
    judgeAndReport: sealing(async ({ outcome, ...question }) => {
      const judged = await judging.judge(question);
      const { tenant, id } = judged.action;
      return { judged, reported: await sealOutcome(deps, { action: { tenant, id }, outcome }) };
    }),
    resume: sealing((input) => resume(deps, input)),
    admit: sealing((input) => admit(deps, input)),
    sealDecision: sealing((input) => sealDecision(deps, input)),
    release: sealing((input) => release(deps, input)),
    sealOutcome: sealing((input) => sealOutcome(deps, input)),
    reconcile: sealing((input) => reconcile(deps, input)),
    sealReview: sealing((input) => sealReview(deps, input)),
    publishPolicy: sealing((input) => publishPolicy(deps, input)),
    publish: (input) => publish(deps, input),
    callback: (input) => callback(deps, input),
    webhook: (input) => webhook(deps, input),
  };
}

/** What only the `retention` and `sweep` workflows need. */
export function createSweepActivities(deps: NotifyDeps, histories: Histories): RetentionActivities & SweepActivities {
  return {
    eraseDue: ({ limit }) => eraseDue({ ...deps, histories }, limit),
    resumeLost: (input) => resumeLost({ ...deps, histories }, input),
  };
}
