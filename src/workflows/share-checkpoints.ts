import { proxyActivities } from '@temporalio/workflow';
import type { ShareActivities, ShareTarget } from '../witnessing/types.ts';

/** Few tries: the Schedule comes again soon, with a newer checkpoint. */
const { shareCheckpoints: share } = proxyActivities<ShareActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
});

/**
 * Brings the newest checkpoints to one witness or anchor. Each has a Temporal Schedule of its own (main/witnesses), so that one that is
 * down keeps up nobody else.
 */
export async function shareCheckpoints(target: ShareTarget): Promise<void> {
  await share(target);
}
