/** One call of the operation `ask` of the Nexus service. */
import { defaultPayloadConverter, RawValue, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
} from '@temporalio/workflow';
import type { NexusActivities } from '../activities/types.ts';
import { IN_CLEAR, type NexusAnswer, type NexusAskInput } from '../contract/nexus.ts';
import { isOpen } from '../contract/status.ts';
import { governedAction } from './governed-action.ts';
import { cancelSignal } from './messages.ts';

const { nexusAnswer, nexusDecided } = proxyActivities<NexusActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '15 seconds' },
});

/**
 * Starts the action as any other program would, or follows the existing one. Ends with its id and status when nothing waits for a person
 * any more. A caller that cancels the operation withdraws an action that waits for people.
 */
export async function nexusAsk(input: NexusAskInput): Promise<RawValue> {
  const { action, start } = input ?? {};
  // Any program can start this workflow with any input. An error of another kind would be retried for ever.
  if (typeof action?.tenant !== 'string' || typeof action.id !== 'string' || typeof start !== 'object') {
    throw ApplicationFailure.nonRetryable('only the Nexus service `countersign` starts this', 'invalid-request');
  }
  const workflowId = `action/${action.tenant}/${action.id.slice('act_'.length)}`;
  const { failed, isNew } = await begun(workflowId, start);
  // Only a caller that may see an existing action can withdraw it.
  let mayWithdraw = isNew;
  try {
    let answer = await Promise.race([nexusAnswer({ action, start }), failed]);
    mayWithdraw = true;
    if (isOpen(answer.status)) answer = await Promise.race([nexusDecided({ action }), failed]);
    return inClear(answer);
  } catch (error) {
    if (isCancellation(error) && mayWithdraw) {
      const withdrawn = getExternalWorkflowHandle(workflowId);
      await CancellationScope.nonCancellable(() => withdrawn.signal(cancelSignal)).catch(() => undefined);
    }
    throw refusalOf(error) ?? error;
  }
}

/**
 * Starts the action. `failed` rejects where the start is refused for its form, and never settles otherwise: an action whose workflow was
 * ended by hand is resumed from its records.
 */
async function begun(
  workflowId: string,
  start: NexusAskInput['start'],
): Promise<{ failed: Promise<never>; isNew: boolean }> {
  const unending = new Promise<never>(() => undefined);
  try {
    const child = await startChild(governedAction, {
      workflowId,
      args: [start],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: 'ABANDON',
    });
    const refused = (error: unknown): Promise<never> =>
      refusalOf(error) === null ? unending : Promise.reject(error as Error);
    return { failed: child.result().then(() => unending, refused), isNew: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { failed: unending, isNew: false };
    throw error;
  }
}

/** The answer in a form that every namespace can read: the codec does not encrypt it. */
function inClear(answer: NexusAnswer): RawValue {
  const payload = defaultPayloadConverter.toPayload(answer);
  return RawValue.fromPayload({ ...payload, metadata: { ...payload.metadata, [IN_CLEAR]: new Uint8Array([1]) } });
}

/** A refusal keeps its code, whichever step made it. */
function refusalOf(error: unknown): ApplicationFailure | null {
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true
    ? ApplicationFailure.nonRetryable(cause.message, cause.type)
    : null;
}
