/** What makes retention happen by itself: the Temporal Schedule that starts the `retention` workflow. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { EngineDeps } from '../engine/deps.ts';

export const RETENTION_SCHEDULE = 'countersign-retention';

/** How often actions whose retention has passed are looked for. */
const EVERY = '1 hour';

/** Makes the Schedule unless there is one. A namespace that has no Schedules is told of, and everything else still runs. */
export async function ensureRetention(
  client: Client,
  taskQueue: string,
  log: Pick<EngineDeps['log'], 'error'>,
): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: RETENTION_SCHEDULE,
      spec: { intervals: [{ every: EVERY }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: { type: 'startWorkflow', workflowType: 'retention', workflowId: 'retention', taskQueue, args: [] },
    });
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return;
    log.error({ err: error }, 'the schedule for retention could not be made; nothing is deleted by itself');
  }
}
