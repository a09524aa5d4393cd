import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { RetentionActivities } from '../activities/types.ts';

/** The sizes of a batch and of a run, so that neither an activity nor a history grows without bound. */
const BATCH = 200;
const BATCHES = 100;

const { eraseDue } = proxyActivities<RetentionActivities>({
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '5 seconds', maximumInterval: '10 minutes' },
});

/** Deletes payload and key of all actions whose retention has passed; a Temporal Schedule starts it (main/retention). */
export async function retention(): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch++) {
    const { found } = await eraseDue({ limit: BATCH });
    if (found < BATCH) return;
  }
  await continueAsNew<typeof retention>();
}
