/** What happens by itself: the Temporal Schedules that start the `retention` and the `sweep` workflow. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { EngineDeps } from '../engine/deps.ts';

export const RETENTION_SCHEDULE = 'countersign-retention';

interface Recurring {
  scheduleId: string;
  workflow: 'retention' | 'sweep';
  every: '1 hour' | '1 minute';
  /** What does not happen where there are no Schedules. */
  otherwise: string;
}

/** How often actions whose retention has passed are looked for, and those whose workflow was lost. */
const RECURRING: readonly Recurring[] = [
  {
    scheduleId: RETENTION_SCHEDULE,
    workflow: 'retention',
    every: '1 hour',
    otherwise: 'nothing is deleted by itself',
  },
  {
    scheduleId: 'countersign-sweep',
    workflow: 'sweep',
    every: '1 minute',
    otherwise: 'an action whose workflow is lost waits until somebody says something to it',
  },
];

/** Makes the Schedules unless they are there. A namespace without Schedules is logged, and everything else still runs. */
export async function ensureSchedules(
  client: Client,
  taskQueue: string,
  log: Pick<EngineDeps['log'], 'error'>,
): Promise<void> {
  await Promise.all(RECURRING.map((one) => ensure(client, taskQueue, log, one)));
}

async function ensure(
  client: Client,
  taskQueue: string,
  log: Pick<EngineDeps['log'], 'error'>,
  { scheduleId, workflow, every, otherwise }: Recurring,
): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: { type: 'startWorkflow', workflowType: workflow, workflowId: workflow, taskQueue, args: [] },
    });
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return;
    log.error({ err: error }, `the schedule \`${scheduleId}\` could not be made; ${otherwise}`);
  }
}
