import { proxyLocalActivities } from '@temporalio/workflow';
import type { LocalActivities, PlanActivities } from '../activities/types.ts';

/** The steps of an action that seal something: each runs inside the workflow task, so that its result is in the same answer. */
export const local = proxyLocalActivities<LocalActivities & Pick<PlanActivities, 'resumePlan'>>({
  startToCloseTimeout: '20 seconds',
  // Unlimited retries: if the store or a signer is down, the action waits, and is never decided by that.
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  localRetryThreshold: '5 seconds',
});
