import { proxyActivities } from '@temporalio/workflow';
import type { ShareActivities, ShareTarget } from '../witnessing/types.ts';

/** Few tries, because the Schedule runs again soon, with a newer checkpoint. */
const { shareCheckpoints: share } = proxyActivities<ShareActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
});

/**
 * Brings the newest checkpoints to one witness or anchor. Each has its Temporal Schedule (main/witnesses), so that one that is
 * down does not delay the others.
 */
export async function shareCheckpoints(target: ShareTarget): Promise<void> {
  await share(target);
}
