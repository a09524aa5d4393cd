/** Vercel AI SDK 6: the permit is redeemed inside `execute`; `needsApproval` is only the pause of the framework. */
import { tool, type ModelMessage, type Tool } from 'ai';
import type { Refund, RefundTool } from './tool.ts';

/**
 * While a human of the policy is awaited, the SDK pauses with its own approval request: answer it when they decided (the engine calls back,
 * or ask again). What the client of the chat answers releases nothing: `execute` asks the engine, and an input or a history that somebody
 * edited finds no permit.
 */
export function vercelTool(guarded: RefundTool): Tool<Refund, string> {
  return tool({
    description: 'Refunds an order.',
    inputSchema: guarded.schema,
    // Refused and released calls go on: `execute` says what became of them. A hook that throws stops the turn, and nothing runs. After its
    // pause a call still has to need one, else the SDK drops it.
    needsApproval: async (input, { toolCallId, messages }) =>
      wasPaused(messages, toolCallId) || (await guarded.ask(input, { id: toolCallId })).status === 'waiting',
    execute: (input, { toolCallId, abortSignal }) =>
      guarded.execute(input, {
        id: toolCallId,
        wait: 0,
        ...(abortSignal === undefined ? {} : { signal: abortSignal }),
      }),
  });
}

const wasPaused = (messages: readonly ModelMessage[], toolCallId: string): boolean =>
  messages.some(
    ({ content }) =>
      Array.isArray(content) &&
      content.some((part) => part.type === 'tool-approval-request' && part.toolCallId === toolCallId),
  );
