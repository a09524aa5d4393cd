/** OpenAI Agents SDK: the permit is redeemed inside `execute`; `needsApproval` is only the pause of the framework. */
import { tool } from '@openai/agents';
import { ToolRefused, ToolWaiting } from '@countersign/client/agent';
import type { RefundTool } from './tool.ts';

/**
 * While a human of the policy is awaited, the run ends with an interruption: keep `state.toString()`, and approve the interruption when they
 * decided. Approving it releases nothing: a state that somebody edited, or that is run twice, finds no permit.
 */
export const openaiTool = (guarded: RefundTool) =>
  tool({
    name: guarded.name,
    description: 'Refunds an order.',
    parameters: guarded.schema,
    // A hook that throws ends the run, and nothing was executed.
    needsApproval: async (_context, input, callId) => (await guarded.ask(input, callOf(callId))).status === 'waiting',
    execute: (input, _context, details) =>
      guarded.execute(input, { ...callOf(details?.toolCall?.callId), ...signalOf(details?.signal) }),
    // The SDK's own text tells the model to try again.
    errorFunction(_context, error) {
      if (error instanceof ToolWaiting || error instanceof ToolRefused) return error.message;
      throw error;
    },
  });

const callOf = (id: string | undefined) => ({ wait: 0, ...(id === undefined ? {} : { id }) });
const signalOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
