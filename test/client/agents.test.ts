/** `createGuard()` and the examples of agents: whatever a framework does wrong, the tool runs only with a permit for these very arguments. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AGUIEvent, RunAgentInput } from '@ag-ui/core';
import { EventSchema } from '@ag-ui/core/schemas';
import type { ModelMessage } from 'ai';
import { beforeAll, describe, expect, it } from 'vitest';
import { aguiRun } from '../../examples/agents/ag-ui.ts';
import { claudeHook, claudeTool } from '../../examples/agents/claude-agent.ts';
import { countersignMiddleware, langchainTool } from '../../examples/agents/langchain.ts';
import { openaiTool } from '../../examples/agents/openai-agents.ts';
import { refundTool, type Refund, type RefundTool } from '../../examples/agents/tool.ts';
import { vercelTool } from '../../examples/agents/vercel-ai.ts';
import { ToolRefused, ToolWaiting } from '../../src/client/agent/index.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';
import {
  langchainRun,
  openaiApprove,
  openaiResume,
  openaiState,
  vercelHistory,
  vercelResume,
} from '../frameworks/javascript.ts';
import {
  frameworks,
  FRAMEWORKS_PYTHON,
  FRAMEWORKS_TIMEOUT,
  hasFrameworks,
  hasPython,
  PYTHON,
  pythonEnv,
} from './python.ts';
import { untyped } from '../support/untyped.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

/** A ledger that remembers, behind the guard of an agent and an order of its own. */
function world(options: { url?: string; wait?: number } = {}) {
  const paid: Refund[] = [];
  const order = `ord_${randomUUID()}`;
  const guarded = refundTool(
    {
      url: options.url ?? stack.url,
      key: stack.stack.firstKey ?? '',
      actor: 'agent:support-bot',
      session: order,
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
  it('the same holds', { timeout: 240_000 }, async () => {
    const { stderr } = await promisify(execFile)(
      PYTHON,
      ['-m', 'unittest', '-v', 'tests/test_agent.py', 'tests/test_plan.py'],
      {
        cwd: fileURLToPath(new URL('../../clients/python', import.meta.url)),
        env: {
          ...process.env,
          ...pythonEnv,
          COUNTERSIGN_URL: stack.url,
          COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
          LEAD_TOKEN: await stack.person(LEAD),
        },
      },
    );
    expect(stderr).toMatch(/\nOK\n$/);
  });
});

describe.skipIf(!hasFrameworks)(`adapters in Python${hasFrameworks ? '' : ' (skipped: no Python with them)'}`, () => {
  it(
    'LangChain, OpenAI Agents, Pydantic AI and CrewAI: the same five failures, and nothing runs',
    { timeout: FRAMEWORKS_TIMEOUT },
    async () => {
      const env = {
        COUNTERSIGN_URL: stack.url,
        COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
        LEAD_TOKEN: await stack.person(LEAD),
      };
      const { stderr } = await promisify(execFile)(
        FRAMEWORKS_PYTHON,
        ['-W', 'ignore', '-m', 'unittest', 'test_adapters'],
        {
          cwd: frameworks.cwd,
          env: { ...frameworks.env, ...env },
        },
      );
      expect(stderr).toMatch(/Ran 20 tests[^]*\nOK\n$/);
    },
  );
});

interface Adapter {
  name: string;
  /** Lets the framework run one call of the tool; where it asks for an approval of its own, that is given. */
  run(guarded: RefundTool, input: Refund, id: string): Promise<unknown>;
  /** It ends a hook that takes too long, and runs the tool. */
  endsHooks?: true;
}

const ADAPTERS: Adapter[] = [
  { name: 'AG-UI', run: (guarded, input, id) => agui(guarded, input, id) },
  {
    name: 'Vercel AI SDK',
    async run(guarded, input, id) {
      const refund = vercelTool(guarded);
      const { history, paused } = await vercelHistory(refund, input, id);
      if (paused) await vercelResume(refund, history);
    },
  },
  {
    name: 'OpenAI Agents SDK',
    async run(guarded, input, id) {
      const refund = openaiTool(guarded);
      const state = await openaiState(refund, input, id);
      if (state !== null) await openaiResume(refund, await openaiApprove(refund, state));
    },
  },
  {
    name: 'LangChain.js',
    run: (guarded, input, id) => langchainRun(langchainTool(guarded), countersignMiddleware, input, id),
  },
  {
    name: 'Claude Agent SDK',
    endsHooks: true,
    async run(guarded, input, id) {
      const hook = claudeHook(guarded, { waitMs: 0 });
      // The SDK lets the tool run where its hook does not answer in time.
      const answer = await Promise.race([
        hook({ tool_name: 'refund', tool_input: input, tool_use_id: id }, id, { signal: new AbortController().signal }),
        new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
      ]);
      if (answer?.hookSpecificOutput.permissionDecision === 'deny') return answer;
      return claudeTool(guarded)(input, { _meta: { 'claudecode/toolUseId': id } });
    },
  },
];

/** One run of an AG-UI agent over a thread with one call. */
async function agui(
  guarded: RefundTool,
  input: Refund,
  id: string,
  resume?: RunAgentInput['resume'],
): Promise<AGUIEvent[]> {
  const call = { id, type: 'function' as const, function: { name: 'refund', arguments: JSON.stringify(input) } };
  const events: AGUIEvent[] = [];
  const thread = { threadId: input.order, runId: randomUUID(), state: null, tools: [], context: [] };
  const messages: RunAgentInput['messages'] = [
    { id: 'm1', role: 'user', content: 'refund it' },
    { id: 'm2', role: 'assistant', toolCalls: [call] },
  ];
  const run = aguiRun({ ...thread, messages, ...(resume === undefined ? {} : { resume }) }, guarded);
  for await (const event of run) {
    expect(EventSchema.safeParse(event).error).toBeUndefined();
    events.push(event);
  }
  return events;
}

describe('AG-UI', () => {
  it('ends a run that waits with an interrupt, which the user cannot decide, and which resumes once', async () => {
    const { paid, guarded, input } = world();
    const ended = (await agui(guarded, input(420), 'call-1')).at(-1);
    const interruptId = await waitingId(guarded, input(420), 'call-1');
    expect(ended).toMatchObject({
      outcome: { type: 'interrupt', interrupts: [{ id: interruptId, toolCallId: 'call-1' }] },
    });
    const yes = [{ interruptId, status: 'resolved' as const, payload: { approved: true } }];
    expect((await agui(guarded, input(420), 'call-1', yes)).at(-1)).toHaveProperty('outcome.type', 'interrupt');
    expect(
      (await agui(guarded, input(420), 'call-1', [{ interruptId, status: 'cancelled' }])).at(-1),
    ).not.toHaveProperty('outcome');
    await approve(interruptId);
    await agui(guarded, input(900), 'call-1', yes);
    expect(paid).toEqual([]);
    for (let run = 0; run < 2; run += 1) await agui(guarded, input(420), 'call-1', yes);
    expect(paid).toEqual([input(420)]);
  });
});

/** The same tool with a hook that does something else. */
const withHook = (guarded: RefundTool, ask: RefundTool['ask']): RefundTool => ({
  name: guarded.name,
  schema: guarded.schema,
  execute: (input, call) => guarded.execute(input, call),
  ask,
});

describe.each(ADAPTERS)('$name', ({ run, endsHooks }) => {
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
      withHook(guarded, async () => ({ status: 'released', action: untyped({}) })),
      input(420),
      'call-2',
    );
    expect(paid).toEqual([]);
  });

  it('runs nothing that is not released when its hook is ended by a time limit', async () => {
    const { paid, guarded, input } = world();
    let called: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (called = resolve));
    const never = withHook(guarded, () => {
      called();
      return new Promise(() => undefined);
    });
    const ran = quietly(never, input(5000), 'call-1');
    // Where nobody ends the hook, the framework waits for it for ever.
    await (endsHooks === true ? ran : Promise.race([ran, asked]));
    expect(paid).toEqual([]);
  });

  it('runs nothing while the engine is down', async () => {
    const { paid, guarded, input } = world({ url: 'http://127.0.0.1:9' });
    await quietly(guarded, input(42), 'call-1');
    expect(paid).toEqual([]);
  });
});

describe('what a framework keeps, edited and sent again, is no way round the guard', () => {
  it.each<
    [string, (guarded: RefundTool, input: Refund) => Promise<(change: (text: string) => string) => Promise<void>>]
  >([
    [
      'the history of the Vercel AI SDK',
      async (guarded, input) => {
        const refund = vercelTool(guarded);
        const { history } = await vercelHistory(refund, input, 'call-1');
        return (change) => vercelResume(refund, JSON.parse(change(JSON.stringify(history))) as ModelMessage[]);
      },
    ],
    [
      'the state of the OpenAI Agents SDK',
      async (guarded, input) => {
        const refund = openaiTool(guarded);
        const state = (await openaiState(refund, input, 'call-1')) ?? '';
        return async (change) => openaiResume(refund, await openaiApprove(refund, change(state)));
      },
    ],
  ])('%s', async (_, paused) => {
    const { paid, guarded, input } = world();
    const send = await paused(guarded, input(430));
    await approve(await waitingId(guarded, input(430), 'call-1'));
    await send((text) => text.replaceAll(':430', ':900'));
    expect(paid).toEqual([]);
    await send((text) => text);
    await send((text) => text);
    expect(paid).toEqual([input(430)]);
  });
});
