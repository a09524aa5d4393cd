/** AG-UI: a call that waits for people ends the run with an interrupt. The user in front of the agent may go on with it, and never decides it. */
import { EventType, type AGUIEvent, type Message, type RunAgentInput, type ToolCall } from '@ag-ui/core';
import { ToolRefused, ToolWaiting } from '@countersign/client/agent';
import type { Refund, RefundTool } from './tool.ts';

/**
 * One run over a thread whose last call has no result yet. The interrupt's id is the action's: a run that resumes it asks the engine again,
 * whatever its `payload` says, and a history that somebody edited finds no permit.
 */
export async function* aguiRun(input: RunAgentInput, guarded: RefundTool): AsyncGenerator<AGUIEvent> {
  const { threadId, runId, messages, resume = [] } = input;
  const finished = { type: EventType.RUN_FINISHED, threadId, runId } as const;
  yield { type: EventType.RUN_STARTED, threadId, runId };
  const call = openCall(messages);
  if (call === undefined) return yield finished;
  const result = (content: string): AGUIEvent => ({
    ...{ type: EventType.TOOL_CALL_RESULT, messageId: `${call.id}-result`, toolCallId: call.id, content },
  });
  try {
    if (resume.some(({ status }) => status === 'cancelled')) {
      yield result('the user does not wait for it any longer; nothing was done');
    } else {
      const asked = JSON.parse(call.function.arguments) as Refund;
      yield result(await guarded.execute(asked, { id: call.id, session: threadId, wait: 0 }));
    }
    yield finished;
  } catch (error) {
    if (error instanceof ToolWaiting) {
      const { id, approval } = error.action;
      const until = approval === null ? {} : { expiresAt: approval.expiresAt };
      const interrupt = { id, reason: 'countersign.approval', message: error.message, toolCallId: call.id, ...until };
      yield { ...finished, outcome: { type: 'interrupt', interrupts: [interrupt] } };
    } else if (error instanceof ToolRefused) {
      yield result(error.message);
      yield finished;
    } else {
      yield { type: EventType.RUN_ERROR, message: error instanceof Error ? error.message : 'it failed' };
    }
  }
}

/** The last call of the assistant that nothing answered. */
function openCall(messages: readonly Message[]): ToolCall | undefined {
  const answered = new Set(messages.flatMap((message) => (message.role === 'tool' ? [message.toolCallId] : [])));
  return messages
    .flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []) : []))
    .findLast(({ id }) => !answered.has(id));
}
