import { proxyActivities } from '@temporalio/workflow';
import type { SweepActivities } from '../activities/types.ts';

/** Actions of one batch. */
const BATCH = 200;

const { resumeLost } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '5 seconds', maximumInterval: '1 minute', maximumAttempts: 10 },
});

/** Resumes every open action whose workflow was terminated, reset or lost; a Temporal Schedule starts it (main/schedules). */
export async function sweep(): Promise<void> {
  let after: { tenant: string; id: string } | null = null;
  do {
    ({ next: after } = await resumeLost({ after, limit: BATCH }));
  } while (after !== null);
}
