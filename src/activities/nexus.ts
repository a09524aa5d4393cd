/** The Nexus service `countersign`: a workflow of another namespace asks, and learns id and status when it is decided. */
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import { HandlerError, operation, service, serviceHandler, type ServiceHandler } from 'nexus-rpc';
import { NEXUS_ASK, NEXUS_SERVICE, type NexusAnswer, type NexusAsk } from '../contract/index.ts';
import { askedFor, decidedOf } from '../engine/ask.ts';
import type { EngineDeps } from '../engine/deps.ts';
import { namesOf } from '../engine/start-input.ts';
import { ours } from './ours.ts';
import type { NexusActivities } from './types.ts';

const definition = service(NEXUS_SERVICE, { ask: operation<NexusAsk, NexusAnswer>() });

/** The service of a worker. Nobody reaches it until an operator makes an endpoint for this task queue. */
export const createNexusService = (deps: Pick<EngineDeps, 'openStart'>): ServiceHandler =>
  serviceHandler(definition, {
    ask: new WorkflowRunOperationHandler<NexusAsk, NexusAnswer>(async (context, start) => {
      const action = await namesOf(deps, isObject(start) ? start : { jwe: '' }).catch((error: unknown) => {
        if (!(error instanceof ApplicationFailure)) throw error;
        throw new HandlerError('BAD_REQUEST', error.message);
      });
      // A repeated call of the same operation is the same workflow.
      return startWorkflow(context, NEXUS_ASK, {
        workflowId: `nexus/${action.tenant}/${context.requestId}`,
        args: [{ action, start }],
      });
    }),
  });

const isObject = (value: unknown): value is NexusAsk =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Longest pause between two looks at an action that waits for people, in milliseconds. */
const LOOK_MAX_MS = 15_000;

/** Activities of the workflow behind an operation. Waiting is a retry: no slot is held, and the history does not grow. */
export const createNexusActivities = (deps: EngineDeps): NexusActivities => ({
  nexusAnswer: ours(async (input) => {
    const answer = await askedFor(deps, input, new Date(activityInfo().scheduledTimestampMs));
    return answer ?? later('it is being judged');
  }),
  nexusDecided: ours(async ({ action }) => (await decidedOf(deps, action)) ?? later('people are waited for')),
});

function later(message: string): never {
  const { attempt } = activityInfo();
  throw ApplicationFailure.create({
    message,
    type: 'waiting',
    nextRetryDelay: Math.min(LOOK_MAX_MS, 200 * 2 ** Math.min(attempt - 1, 10)),
    category: ApplicationFailureCategory.BENIGN,
  });
}
