/** `createGuard()` and the examples of agents: whatever a framework does wrong, the tool runs only with a permit for these very arguments. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HumanMessage } from '@langchain/core/messages';
import { generateText, stepCountIs, tool, type ModelMessage, type Tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { createAgent, FakeToolCallingModel } from 'langchain';
import { beforeAll, describe, expect, it } from 'vitest';
import { claudeHook, claudeTool } from '../../examples/agents/claude-agent.ts';
import { countersignMiddleware, langchainTool } from '../../examples/agents/langchain.ts';
import { refundSchema, refundTool, type Refund, type RefundTool } from '../../examples/agents/tool.ts';
import { vercelTool } from '../../examples/agents/vercel-ai.ts';
import { ToolRefused, ToolWaiting } from '../../src/client/agent/index.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';
import { hasPython, PYTHON, pythonEnv } from './python.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

/** A ledger that remembers, behind the guard of an agent and an order of its own. */
function world(options: { url?: string; wait?: number } = {}) {
  const paid: Refund[] = [];
  const [session, order] = [randomUUID(), `ord_${randomUUID()}`];
  const guarded = refundTool(
    {
      url: options.url ?? stack.url,
      key: stack.stack.firstKey ?? '',
      actor: 'agent:support-bot',
      session,
      wait: options.wait ?? 0,
      retryFor: 0,
    },
    async (refund) => {
      paid.push(refund);
      return `re_${order}`;
    },
  );
  return { paid, guarded, input: (amount: number): Refund => ({ order, amount, currency: 'USD' }) };
}

async function decide(id: string, decision: object): Promise<void> {
  const said = await stack.call('POST', `/v1/actions/${id}/decisions`, decision, { token: await stack.person(LEAD) });
  expect(said.status, JSON.stringify(said.body)).toBe(200);
}

const approve = (id: string, more: object = {}) => decide(id, { decision: 'approve', reason: 'fine', ...more });

/** The action that a call with this id waits as. */
async function waitingId(guarded: RefundTool, input: Refund, id: string): Promise<string> {
  const standing = await guarded.ask(input, { id });
  if (standing.status !== 'waiting') throw new Error(`it is ${standing.status}`);
  return standing.action.id;
}

describe('a guarded tool', () => {
  it('runs what policy approves, once for one call', async () => {
    const { paid, guarded, input } = world();
    expect(await guarded.execute(input(42), { id: 'call-1' })).toMatch(/^re_/);
    await expect(guarded.execute(input(42), { id: 'call-1' })).rejects.toMatchObject({
      code: 'already-executed',
      final: true,
    });
    expect(paid).toEqual([input(42)]);
  });

  it('says what is refused in policy’s words, and whom it waits for', async () => {
    const { paid, guarded, input } = world();
    const refused = await guarded.execute(input(5000), { id: 'call-1' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ToolRefused);
    expect(refused).toMatchObject({
      message: expect.stringMatching(/^Refunds above 1,000 go through the treasury desk; nothing/),
    });
    const waiting = await guarded.execute(input(420), { id: 'call-2' }).catch((error: unknown) => error);
    expect(waiting).toBeInstanceOf(ToolWaiting);
    expect(waiting).toMatchObject({
      message: expect.stringMatching(/user:finance-lead@acme\.test.* until .*do not try another way/),
    });
    expect(paid).toEqual([]);
  });

  it('without an id is the same call while it waits, runs as released, and is a new call afterwards', async () => {
    const { paid, guarded, input } = world();
    const call = () => guarded.execute(input(430)).catch((error: unknown) => error);
    const [first, second] = [await call(), await call()] as ToolWaiting[];
    expect(second?.action.id).toBe(first?.action.id);
    await approve(first?.action.id ?? '', { changes: { 'params.amount': 215 } });
    expect(await call()).toMatch(/^re_/);
    expect(paid).toEqual([input(215)]);
    expect(((await call()) as ToolWaiting).action.id).not.toBe(first?.action.id);
  });

  it('asks nothing for input that its schema does not know', async () => {
    const { guarded, input } = world();
    const wrong = { ...input(1), amount: '1' as unknown } as Refund;
    await expect(guarded.execute(wrong, { id: 'x' })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe.skipIf(!hasPython)(`in Python${hasPython ? '' : ' (skipped: no Python with `cryptography`)'}`, () => {
  it('the same holds', async () => {
    const { stderr } = await promisify(execFile)(PYTHON, ['-m', 'unittest', '-v', 'tests/test_agent.py'], {
      cwd: fileURLToPath(new URL('../../clients/python', import.meta.url)),
      env: {
        ...process.env,
        ...pythonEnv,
        COUNTERSIGN_URL: stack.url,
        COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
        LEAD_TOKEN: await stack.person(LEAD),
      },
    });
    expect(stderr).toMatch(/\nOK\n$/);
  });
});

interface Adapter {
  name: string;
  /** Lets the framework run one call of the tool; where it asks for an approval of its own, that is given. */
  run(guarded: RefundTool, input: Refund, id: string): Promise<unknown>;
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model that calls the tool once, and then has nothing more to say. */
const modelOf = (input: Refund, id: string) => {
  let turns = 0;
  return new MockLanguageModelV3({
    doGenerate: async () =>
      turns++ === 0
        ? {
            content: [{ type: 'tool-call', toolCallId: id, toolName: 'refund', input: JSON.stringify(input) }],
            finishReason: { unified: 'tool-calls', raw: undefined },
            usage,
            warnings: [],
          }
        : {
            content: [{ type: 'text', text: 'done' }],
            finishReason: { unified: 'stop', raw: undefined },
            usage,
            warnings: [],
          },
  });
};

const silent = () =>
  new MockLanguageModelV3({
    doGenerate: async () => ({
      content: [{ type: 'text', text: 'done' }],
      finishReason: { unified: 'stop', raw: undefined },
      usage,
      warnings: [],
    }),
  });

/** One turn, its own approval given by whoever holds the history, and the next turn over that history. */
async function vercel(refund: Tool<Refund, string>, input: Refund, id: string): Promise<ModelMessage[]> {
  const tools = { refund };
  const first = await generateText({ model: modelOf(input, id), tools, prompt: 'refund it', stopWhen: stepCountIs(1) });
  const asked = first.content.flatMap((part) => (part.type === 'tool-approval-request' ? [part.approvalId] : []));
  const history: ModelMessage[] = [
    { role: 'user', content: 'refund it' },
    ...first.response.messages,
    ...(asked.length === 0
      ? []
      : [
          {
            role: 'tool' as const,
            content: asked.map((approvalId) => ({
              type: 'tool-approval-response' as const,
              approvalId,
              approved: true,
            })),
          },
        ]),
  ];
  if (asked.length > 0) await generateText({ model: silent(), tools, messages: history });
  return history;
}

const ADAPTERS: Adapter[] = [
  { name: 'Vercel AI SDK', run: (guarded, input, id) => vercel(vercelTool(guarded), input, id) },
  {
    name: 'LangChain.js',
    run(guarded, input, id) {
      const model = new FakeToolCallingModel({
        toolCalls: [[{ name: 'refund', args: { ...input }, id, type: 'tool_call' }], []],
      });
      const agent = createAgent({ model, tools: [langchainTool(guarded)], middleware: [countersignMiddleware] });
      return agent.invoke({ messages: [new HumanMessage('refund it')] });
    },
  },
  {
    name: 'Claude Agent SDK',
    async run(guarded, input, id) {
      const hook = claudeHook(guarded, { waitMs: 0 });
      // The SDK lets the tool run where its hook does not answer in time.
      const answer = await Promise.race([
        hook({ tool_name: 'refund', tool_input: input, tool_use_id: id }, id, { signal: new AbortController().signal }),
        new Promise<null>((resolve) => setTimeout(() => resolve(null), 3000)),
      ]);
      if (answer?.hookSpecificOutput.permissionDecision === 'deny') return answer;
      return claudeTool(guarded)(input, { _meta: { 'claudecode/toolUseId': id } });
    },
  },
];

/** The same tool with a hook that does something else. */
const withHook = (guarded: RefundTool, ask: RefundTool['ask']): RefundTool => ({
  name: guarded.name,
  schema: guarded.schema,
  execute: (input, call) => guarded.execute(input, call),
  ask,
});

describe.each(ADAPTERS)('$name', ({ run }) => {
  const quietly = (guarded: RefundTool, input: Refund, id: string): Promise<unknown> =>
    run(guarded, input, id).catch((error: unknown) => error);

  it('runs what is approved at once, waits for people, and runs once after their yes, replayed or not', async () => {
    const { paid, guarded, input } = world();
    await run(guarded, input(42), 'call-1');
    expect(paid).toEqual([input(42)]);
    await quietly(guarded, input(420), 'call-2');
    expect(paid).toHaveLength(1);
    await approve(await waitingId(guarded, input(420), 'call-2'));
    await run(guarded, input(420), 'call-2');
    await quietly(guarded, input(420), 'call-2');
    expect(paid).toEqual([input(42), input(420)]);
  });

  it('runs nothing with arguments that were changed after the approval', async () => {
    const { paid, guarded, input } = world();
    await approve(await waitingId(guarded, input(420), 'call-1'));
    await quietly(guarded, input(900), 'call-1');
    await quietly(guarded, input(50), 'call-1');
    expect(paid).toEqual([]);
  });

  it('runs nothing that is not released when its hook throws, or counts as a yes', async () => {
    const { paid, guarded, input } = world();
    await quietly(
      withHook(guarded, () => Promise.reject(new Error('the hook broke'))),
      input(5000),
      'call-1',
    );
    await quietly(
      withHook(guarded, async () => ({ status: 'released', action: {} as never })),
      input(420),
      'call-2',
    );
    expect(paid).toEqual([]);
  });

  it('runs nothing while the engine is down', async () => {
    const { paid, guarded, input } = world({ url: 'http://127.0.0.1:9' });
    await quietly(guarded, input(42), 'call-1');
    expect(paid).toEqual([]);
  });
});

describe('the SDK’s own approval', () => {
  it('lets arguments through that were changed after it, and an approved history twice', async () => {
    const paid: Refund[] = [];
    const { input } = world();
    const own = tool({
      inputSchema: refundSchema,
      needsApproval: true,
      execute: async (refund) => {
        paid.push(refund);
        return 'paid';
      },
    });
    const history = await vercel(own, input(420), 'call-1');
    expect(paid).toEqual([input(420)]);
    const edited = JSON.parse(JSON.stringify(history).replaceAll('420', '1000000')) as ModelMessage[];
    await generateText({ model: silent(), tools: { refund: own }, messages: edited });
    expect(paid).toEqual([input(420), input(1_000_000)]);
  });

  it('is no way round the guard: the same history, edited and sent again', async () => {
    const { paid, guarded, input } = world();
    const refund = vercelTool(guarded);
    const history = await vercel(refund, input(430), 'call-1');
    await approve(await waitingId(guarded, input(430), 'call-1'));
    const send = (messages: ModelMessage[]) => generateText({ model: silent(), tools: { refund }, messages });
    await send(JSON.parse(JSON.stringify(history).replaceAll('430', '900')) as ModelMessage[]);
    expect(paid).toEqual([]);
    await send(history);
    await send(history);
    expect(paid).toEqual([input(430)]);
  });
});
