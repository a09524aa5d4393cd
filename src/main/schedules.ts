/** The Temporal Schedules that start the `retention` and the `sweep` workflow. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { msToNumber } from '@temporalio/common';
import type { EngineDeps } from '../engine/deps.ts';

export const RETENTION_SCHEDULE = 'countersign-retention';

interface Recurring {
  scheduleId: string;
  workflow: 'retention' | 'sweep';
  every: '1 hour' | '1 minute';
  /** What is missing in a namespace without Schedules, for the log. */
  otherwise: string;
}

/** Two searches: for actions past their retention, and for actions that lost their workflow. */
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

/** How often to check the Schedules, in milliseconds. */
const LOOK_MS = 60_000;

export interface ScheduleKeeper {
  stop(): Promise<void>;
}

/**
 * Makes the Schedules, and restores them when somebody deletes or changes them. Everybody with write access to the namespace can do that. A
 * pause that somebody set stays. A namespace without Schedules is logged, and everything else still runs.
 *
 * @param everyMs how often to check
 */
export async function keepSchedules(
  client: Client,
  taskQueue: string,
  log: Pick<EngineDeps['log'], 'error'>,
  everyMs: number = LOOK_MS,
): Promise<ScheduleKeeper> {
  const ensureAll = async (): Promise<void> => {
    await Promise.all(RECURRING.map((one) => ensure(client, taskQueue, log, one)));
  };
  await ensureAll();
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  const look = (): void => {
    if (isRunning) return;
    isRunning = true;
    running = ensureAll().finally(() => (isRunning = false));
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

async function ensure(
  client: Client,
  taskQueue: string,
  log: Pick<EngineDeps['log'], 'error'>,
  { scheduleId, workflow, every, otherwise }: Recurring,
): Promise<void> {
  const schedule = {
    spec: { intervals: [{ every }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    action: { type: 'startWorkflow', workflowType: workflow, workflowId: workflow, taskQueue, args: [] },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.schedule.create({ scheduleId, ...schedule });
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return correct(client, scheduleId, schedule, log);
    log.error({ err: error }, `the schedule \`${scheduleId}\` could not be made; ${otherwise}`);
  }
}

/** Corrects a Schedule that starts something else, or at other times. */
async function correct(
  client: Client,
  scheduleId: string,
  schedule: Omit<ScheduleOptions, 'scheduleId'>,
  log: Pick<EngineDeps['log'], 'error'>,
): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { action, spec } = await handle.describe();
    const every = spec.intervals?.map((interval) => interval.every);
    const wanted = schedule.spec.intervals?.map((interval) => msToNumber(interval.every));
    const isSame =
      action.workflowType === schedule.action.workflowType &&
      action.taskQueue === schedule.action.taskQueue &&
      JSON.stringify(every) === JSON.stringify(wanted);
    if (!isSame) await handle.update(({ state }) => ({ ...schedule, state }));
  } catch (error) {
    // It was deleted meanwhile. The next check creates it again.
    if (error instanceof ScheduleNotFoundError) return;
    log.error({ err: error }, `the schedule \`${scheduleId}\` could not be looked at`);
  }
}
