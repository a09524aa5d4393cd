/** Starts a workflow durably. Its first task is delayed, so that this process can judge the request itself. */
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { WORKFLOW_TASK_TIMEOUT } from '../engine/histories.ts';
import type { GatewayDeps } from './deps.ts';
import { isAlreadyStarted } from './temporal-errors.ts';

/** @returns false when it was started before. @throws CountersignError `unavailable`; nothing was begun then */
export async function startOnce(
  deps: Pick<GatewayDeps, 'client' | 'taskQueue' | 'startDelayMs'>,
  type: string,
  workflowId: string,
  input: object,
): Promise<boolean> {
  try {
    await deps.client.workflow.start(type, {
      workflowId,
      taskQueue: deps.taskQueue,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      startDelay: deps.startDelayMs,
    });
    return true;
  } catch (error) {
    if (isAlreadyStarted(error)) return false;
    // Our own error, for example because Temporal is known to be down.
    if (isCountersignError(error)) throw error;
    throw new CountersignError(
      'unavailable',
      'the workflow engine does not answer; nothing was released. send the same request with the same key again',
      { cause: error, extensions: { retryAfter: 1 } },
    );
  }
}
