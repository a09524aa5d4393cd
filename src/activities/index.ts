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
import { release } from '../engine/release.ts';
import { sealReview } from '../engine/review.ts';
import { eraseDue } from '../engine/erase.ts';
import type { LocalActivities, RemoteActivities, RetentionActivities } from './types.ts';

export { createJudging, type Judging } from './judging.ts';
export { createShareActivities, type ShareDeps } from '../witnessing/share.ts';

/** The activities of a worker, over what `main` hands in. */
export function createActivities(deps: NotifyDeps, judging: Judging): LocalActivities & RemoteActivities {
  return {
    judge: (input) => judging.judge(input),
    async judgeAndReport({ outcome, ...question }) {
      const judged = await judging.judge(question);
      const { tenant, id } = judged.action;
      return { judged, reported: await sealOutcome(deps, { action: { tenant, id }, outcome }) };
    },
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
export function createRetentionActivities(deps: NotifyDeps, histories: Histories): RetentionActivities {
  return { eraseDue: ({ limit }) => eraseDue({ ...deps, histories }, limit) };
}
