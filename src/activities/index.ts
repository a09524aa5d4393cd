import { activityInfo } from '@temporalio/activity';
import type { ActivityDeps, Histories } from './deps.ts';
import { callback } from './callback.ts';
import { admit, sealDecision } from './decisions.ts';
import type { Judging } from './judging.ts';
import { reconcile, sealOutcome } from './outcome.ts';
import { webhook } from './notify-webhook.ts';
import { publish } from './publish.ts';
import { publishPolicy } from './publish-policy.ts';
import { release } from './release.ts';
import { sealReview } from './review.ts';
import { eraseDue } from './erase.ts';
import type { LocalActivities, RemoteActivities, RetentionActivities } from './types.ts';

export { createJudging, type Judging } from './judging.ts';
export { createShareActivities, type ShareDeps } from './share.ts';

/** The activities of a worker, over what `main` hands in. */
export function createActivities(deps: ActivityDeps, judging: Judging): LocalActivities & RemoteActivities {
  return {
    judge: (input) => judging.judge(activityInfo().workflowExecution?.runId ?? '', input),
    admit: (input) => admit(deps, input),
    sealDecision: (input) => sealDecision(deps, input),
    release: (input) => release(deps, input),
    sealOutcome: (input) => sealOutcome(deps, input),
    reconcile: (input) => reconcile(deps, input),
    sealReview: (input) => sealReview(deps, input),
    publishPolicy: (input) => publishPolicy(deps, input),
    publish: (input) => publish(deps, input),
    callback: (input) => callback(deps, input),
    webhook: (input) => webhook(deps, input),
  };
}

/** What only the `retention` workflow needs. */
export function createRetentionActivities(deps: ActivityDeps, histories: Histories): RetentionActivities {
  return { eraseDue: ({ limit }) => eraseDue({ ...deps, histories }, limit) };
}
