/** Somebody who may write to the Temporal namespace, and has neither our codec's key nor any credential: a plain client and a worker of their own. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { eventually } from '../support/eventually.ts';
import { untyped } from '../support/untyped.ts';

const { CommandType } = proto.temporal.api.enums.v1;

export interface Stranger {
  client: Client;
  /** Has our worker run an activity, scheduled by a workflow of the stranger's own. Answers how it failed, or null. */
  schedule(activity: string, input: unknown): Promise<{ failed: string | null }>;
  /** The same, with a payload as it stands in somebody's history. */
  scheduleCopied(activity: string, payload: Payload): Promise<{ failed: string | null }>;
  close(): Promise<void>;
}

const text = (value: string): Uint8Array => Buffer.from(value);

/** As every SDK without our codec writes it. */
const plain = (value: unknown) => ({
  metadata: { encoding: text('json/plain') },
  data: text(JSON.stringify(value)),
});

const SECONDS = 20;

export async function openStranger(address: string, namespace = 'default'): Promise<Stranger> {
  const connection = await Connection.connect({ address });
  const service = connection.workflowService;
  const identity = 'stranger';

  /** What became of the activity, as the history of the stranger's workflow has it. */
  const endOf = (workflowId: string): Promise<{ failed: string | null }> =>
    eventually(`${workflowId} has ended`, async () => {
      const { history } = await service.getWorkflowExecutionHistory({ namespace, execution: { workflowId } });
      for (const event of history?.events ?? []) {
        if (event.activityTaskCompletedEventAttributes) return { failed: null };
        const { failure } = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes ?? {};
        if (failure) return { failed: failure.applicationFailureInfo?.type ?? failure.message ?? 'failed' };
      }
      return undefined;
    });

  return {
    client: new Client({ connection, namespace }),
    schedule: (activity, input) => schedule(activity, plain(input)),
    scheduleCopied: schedule,
    close: () => connection.close(),
  };

  async function schedule(activity: string, input: Payload): Promise<{ failed: string | null }> {
    const taskQueue = { name: `stranger-${randomUUID()}` };
    const workflowId = `stranger/${randomUUID()}`;
    await service.startWorkflowExecution({
      ...{ namespace, identity, workflowId, taskQueue, requestId: randomUUID() },
      workflowType: { name: 'stranger' },
    });
    const { taskToken } = await connection.withDeadline(Date.now() + SECONDS * 1000, () =>
      service.pollWorkflowTaskQueue({ namespace, identity, taskQueue }),
    );
    const seconds = { seconds: untyped(SECONDS) };
    await service.respondWorkflowTaskCompleted({
      ...{ namespace, identity, taskToken },
      commands: [
        {
          commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
          scheduleActivityTaskCommandAttributes: {
            activityId: '1',
            activityType: { name: activity },
            taskQueue: { name: 'countersign' },
            input: { payloads: [input] },
            scheduleToCloseTimeout: seconds,
            startToCloseTimeout: seconds,
            retryPolicy: { maximumAttempts: 1 },
          },
        },
      ],
    });
    try {
      return await endOf(workflowId);
    } finally {
      await service.terminateWorkflowExecution({ namespace, workflowExecution: { workflowId } }).catch(() => undefined);
    }
  }
}
