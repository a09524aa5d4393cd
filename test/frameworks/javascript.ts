/** Agent frameworks without a model: each runs one call of a tool, and gives its own approval where it asks for one. */
import { HumanMessage } from '@langchain/core/messages';
import { Command, MemorySaver } from '@langchain/langgraph';
import { Agent, RunState, run, setTracingDisabled, Usage, type Model, type Tool as OpenaiTool } from '@openai/agents';
import { generateText, stepCountIs, type ModelMessage, type Tool as VercelTool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { createAgent, FakeToolCallingModel, humanInTheLoopMiddleware, type AgentMiddleware } from 'langchain';
import type { countersignMiddleware, langchainTool } from '../../examples/agents/langchain.ts';
import type { Refund } from '../../examples/agents/tool.ts';

setTracingDisabled(true);

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const callOf = (input: Refund, toolCallId: string) => ({
  content: [{ type: 'tool-call' as const, toolCallId, toolName: 'refund', input: JSON.stringify(input) }],
  finishReason: { unified: 'tool-calls' as const, raw: undefined },
  usage,
  warnings: [],
});
const done = {
  content: [{ type: 'text' as const, text: 'done' }],
  finishReason: { unified: 'stop' as const, raw: undefined },
  usage,
  warnings: [],
};

/** Vercel AI SDK: one turn with a call, and the history with its own approval given by whoever holds it. */
export async function vercelHistory(
  refund: VercelTool<Refund, string>,
  input: Refund,
  id: string,
): Promise<{ history: ModelMessage[]; paused: boolean }> {
  const model = new MockLanguageModelV3({ doGenerate: async () => callOf(input, id) });
  const first = await generateText({ model, tools: { refund }, prompt: 'refund it', stopWhen: stepCountIs(1) });
  const asked = first.content.flatMap((part) => (part.type === 'tool-approval-request' ? [part.approvalId] : []));
  const approvals = asked.map((approvalId) => ({
    type: 'tool-approval-response' as const,
    approvalId,
    approved: true,
  }));
  const history: ModelMessage[] = [
    { role: 'user', content: 'refund it' },
    ...first.response.messages,
    ...(asked.length === 0 ? [] : [{ role: 'tool' as const, content: approvals }]),
  ];
  return { history, paused: asked.length > 0 };
}

/** The next turn over a history, from which on the model has nothing more to say. */
export async function vercelResume(refund: VercelTool<Refund, string>, messages: ModelMessage[]): Promise<void> {
  const model = new MockLanguageModelV3({ doGenerate: async () => done });
  await generateText({ model, tools: { refund }, messages });
}

function openaiModel(input: Refund | null, id: string): Model {
  let turns = 0;
  return {
    getResponse: async () => ({
      usage: new Usage(),
      output: [
        turns++ === 0 && input !== null
          ? { type: 'function_call', callId: id, name: 'refund', status: 'completed', arguments: JSON.stringify(input) }
          : {
              type: 'message',
              role: 'assistant',
              status: 'completed',
              content: [{ type: 'output_text', text: 'done' }],
            },
      ],
    }),
    getStreamedResponse() {
      throw new Error('nothing streams here');
    },
  };
}

const openaiAgent = (refund: OpenaiTool, model: Model) => new Agent({ name: 'support', model, tools: [refund] });

/** OpenAI Agents SDK: one run with a call; its state as text, where it paused for its own approval. */
export async function openaiState(refund: OpenaiTool, input: Refund, id: string): Promise<string | null> {
  const { interruptions, state } = await run(openaiAgent(refund, openaiModel(input, id)), 'refund it');
  return interruptions.length === 0 ? null : state.toString();
}

/** The state with its interruptions approved. */
export async function openaiApprove(refund: OpenaiTool, text: string): Promise<string> {
  const state = await RunState.fromString(openaiAgent(refund, openaiModel(null, '')), text);
  for (const item of state.getInterruptions()) state.approve(item);
  return state.toString();
}

/** Goes on with a state. */
export async function openaiResume(refund: OpenaiTool, text: string): Promise<void> {
  const agent = openaiAgent(refund, openaiModel(null, ''));
  await run(agent, await RunState.fromString(agent, text));
}

const langchainModel = (input: Refund, id: string) =>
  new FakeToolCallingModel({ toolCalls: [[{ name: 'refund', args: { ...input }, id, type: 'tool_call' }], [], []] });

/** LangChain.js: one run with a call. */
export async function langchainRun(
  refund: ReturnType<typeof langchainTool>,
  middleware: typeof countersignMiddleware,
  input: Refund,
  id: string,
): Promise<void> {
  const agent = createAgent({ model: langchainModel(input, id), tools: [refund], middleware: [middleware] });
  await agent.invoke({ messages: [new HumanMessage('refund it')] });
}

// @ts-expect-error: its types do not hold under `exactOptionalPropertyTypes`
const humanInTheLoop = humanInTheLoopMiddleware({ interruptOn: { refund: true } });

/** LangChain.js with its own approval: a run that paused, and how often it may be gone on with from there. */
export async function langchainPaused(refund: ReturnType<typeof langchainTool>, input: Refund, id: string) {
  const checkpointer = new MemorySaver();
  const agent = createAgent({
    model: langchainModel(input, id),
    tools: [refund],
    checkpointer,
    middleware: [humanInTheLoop as AgentMiddleware],
  });
  const config = { configurable: { thread_id: id } };
  await agent.invoke({ messages: [new HumanMessage('refund it')] }, config);
  const { config: paused } = await agent.graph.getState(config);
  const approval = {
    configurable: { ...config.configurable, checkpoint_id: String(paused.configurable?.['checkpoint_id']) },
  };
  return {
    checkpointer,
    approve: async (): Promise<void> => {
      await agent.invoke(new Command({ resume: { decisions: [{ type: 'approve' }] } }), approval);
    },
  };
}

/** Changes everything that a checkpointer keeps, as whoever may write to its store can. */
export function editCheckpoints({ storage }: MemorySaver, change: (text: string) => string): void {
  for (const checkpoints of Object.values(storage).flatMap((thread) => Object.values(thread))) {
    for (const kept of Object.values(checkpoints)) {
      kept[0] = new TextEncoder().encode(change(new TextDecoder().decode(kept[0])));
    }
  }
}
