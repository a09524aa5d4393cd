/** LangChain.js: `wrapToolCall` sits round the execution and needs no checkpointer; the permit is redeemed inside the tool all the same. */
import { ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ToolRefused, ToolWaiting } from '@countersign/client/agent';
import { createMiddleware } from 'langchain';
import type { RefundTool } from './tool.ts';

/** The tool as LangChain calls it. Without the call's id it is a call like any other: one input, once. */
export const langchainTool = (guarded: RefundTool) =>
  tool((input, config) => guarded.execute(input, callOf(config?.toolCall?.id)), {
    name: guarded.name,
    description: 'Refunds an order.',
    schema: guarded.schema,
  });

const callOf = (id: string | undefined) => ({ wait: 0, ...(id === undefined ? {} : { id }) });

/** Tells the model in a message what waits or was refused. Everything else goes on as the error that it is, and nothing ran. */
export const countersignMiddleware = createMiddleware({
  name: 'countersign',
  async wrapToolCall(request, handler) {
    try {
      return await handler(request);
    } catch (error) {
      if (!(error instanceof ToolWaiting || error instanceof ToolRefused)) throw error;
      return new ToolMessage({ content: error.message, tool_call_id: request.toolCall.id ?? '', status: 'error' });
    }
  },
});
