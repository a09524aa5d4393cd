/** Temporal's histories of governed actions, which an erasure deletes too. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { GOVERNED_ACTION, PLAN_WORKFLOW, type PlanResumeInput, type ResumeInput } from '../contract/governed-action.ts';
import type { Histories } from './deps.ts';
import { planWorkflowIdOf, workflowIdOf } from './ids.ts';

/** How soon another worker takes over from one that died in the middle of a task. */
export const WORKFLOW_TASK_TIMEOUT = '3 seconds';

/** `grpc.status.NOT_FOUND` */
const NOT_FOUND = 5;

/** The histories of governed actions, by the client of their namespace. */
export function createHistories(client: Client, taskQueue: string): Histories {
  const started = async (
    type: string,
    workflowId: string,
    input: object,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' | 'REJECT_DUPLICATE',
  ): Promise<void> => {
    try {
      await client.workflow.start(type, {
        workflowId,
        workflowIdReusePolicy,
        workflowIdConflictPolicy: 'FAIL',
        taskQueue,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        args: [input],
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
  return {
    async resume(tenant, id) {
      const input: ResumeInput = { resume: true, tenant };
      await started(GOVERNED_ACTION, workflowIdOf(tenant, id), input, 'ALLOW_DUPLICATE');
    },
    async start(input, id) {
      await started(GOVERNED_ACTION, workflowIdOf(input.tenant, id), input, 'REJECT_DUPLICATE');
    },
    async resumePlan(tenant, plan) {
      const input: PlanResumeInput = { resume: true, tenant, plan };
      await started(PLAN_WORKFLOW, planWorkflowIdOf(tenant, plan), input, 'ALLOW_DUPLICATE');
    },
    async running(tenant, id) {
      try {
        const { status } = await client.workflow.getHandle(workflowIdOf(tenant, id)).describe();
        return status.name === 'RUNNING' || status.name === 'PAUSED' || status.name === 'UNKNOWN';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    async delete(tenant, id) {
      try {
        await client.workflowService.deleteWorkflowExecution({
          namespace: client.options.namespace,
          workflowExecution: { workflowId: workflowIdOf(tenant, id) },
        });
      } catch (error) {
        // Gone already: Temporal deletes closed workflows after its retention period.
        if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
      }
    },
  };
}
