/** Starts a workflow durably. Its first task is delayed, so that this process can judge the request itself. */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { GOVERNED_ACTION, type GovernedActionInput } from '../contract/governed-action.ts';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts';
import { WORKFLOW_TASK_TIMEOUT } from '../engine/histories.ts';
import type { GatewayDeps } from './deps.ts';
import { isAlreadyStarted, isInvalid } from './temporal-errors.ts';

type StartDeps = Pick<GatewayDeps, 'client' | 'taskQueue' | 'startDelayMs' | 'searchAttributes' | 'log'>;

const keyword = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');

/** Starts the workflow of an action. @returns and throws as {@link startOnce} */
export async function startAction(deps: StartDeps, workflowId: string, input: GovernedActionInput): Promise<boolean> {
  if (deps.searchAttributes !== true) return startOnce(deps, GOVERNED_ACTION, workflowId, input);
  return startOnce(deps, GOVERNED_ACTION, workflowId, input, [
    { key: keyword(SEARCH_ATTRIBUTES.tenant), value: input.tenant },
    { key: keyword(SEARCH_ATTRIBUTES.surface), value: input.request.surface },
    { key: keyword(SEARCH_ATTRIBUTES.status), value: 'evaluating' },
  ]);
}

/** @returns false when it was started before. @throws CountersignError `unavailable`; nothing was begun then */
export async function startOnce(
  deps: StartDeps,
  type: string,
  workflowId: string,
  input: object,
  typedSearchAttributes: SearchAttributePair[] = [],
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
      ...(typedSearchAttributes.length === 0 ? {} : { typedSearchAttributes }),
    });
    return true;
  } catch (error) {
    if (isAlreadyStarted(error)) return false;
    if (typedSearchAttributes.length > 0 && isInvalid(error)) {
      deps.log.warn(
        { err: error, workflowId },
        'the namespace lacks our search attributes; the action starts without them',
      );
      return startOnce(deps, type, workflowId, input);
    }
    // Our own error, for example because Temporal is known to be down.
    if (isCountersignError(error)) throw error;
    throw new CountersignError(
      'unavailable',
      'the workflow engine does not answer; nothing was released. send the same request with the same key again',
      { cause: error, extensions: { retryAfter: 1 } },
    );
  }
}
