/** The frameworks' own approvals, where they let a tool run that nobody approved: docs/framework-approvals.md. Nothing of ours is in it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { tool as langchain } from '@langchain/core/tools';
import { tool as openai } from '@openai/agents';
import { tool as vercel, type ModelMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { refundSchema, type Refund } from '../../examples/agents/tool.ts';
import { frameworks, FRAMEWORKS_PYTHON, FRAMEWORKS_TIMEOUT, hasFrameworks } from '../client/python.ts';
import {
  editCheckpoints,
  langchainPaused,
  openaiApprove,
  openaiResume,
  openaiState,
  vercelHistory,
  vercelResume,
} from './javascript.ts';

const asked: Refund = { order: 'ord_1', amount: 420, currency: 'USD' };
const forged: Refund = { ...asked, amount: 1_000_000 };

/** A tool with an approval of the framework's own, paused, and what becomes of it. */
interface Theirs {
  name: string;
  /** @returns goes on with the yes that was given; `change` is what somebody did to what is kept meanwhile */
  paused(pay: (refund: Refund) => string): Promise<(change: (text: string) => string) => Promise<void>>;
}

const THEIRS: Theirs[] = [
  {
    name: 'Vercel AI SDK 6, `needsApproval`',
    async paused(pay) {
      const refund = vercel({ inputSchema: refundSchema, needsApproval: true, execute: async (input) => pay(input) });
      const { history } = await vercelHistory(refund, asked, 'call-1');
      return (change) => vercelResume(refund, JSON.parse(change(JSON.stringify(history))) as ModelMessage[]);
    },
  },
  {
    name: 'OpenAI Agents SDK, `needsApproval`',
    async paused(pay) {
      const refund = openai({
        ...{ name: 'refund', description: 'refunds an order', parameters: refundSchema, needsApproval: true },
        execute: async (input) => pay(input),
      });
      const state = (await openaiState(refund, asked, 'call-1')) ?? '';
      let approved: string | undefined;
      return async (change) => openaiResume(refund, (approved ??= await openaiApprove(refund, change(state))));
    },
  },
  {
    name: 'LangChain.js, `humanInTheLoopMiddleware`',
    async paused(pay) {
      const refund = langchain((input: Refund) => pay(input), {
        ...{ name: 'refund', description: 'refunds an order', schema: refundSchema },
      });
      const { checkpointer, approve } = await langchainPaused(refund, asked, 'call-1');
      return (change) => {
        editCheckpoints(checkpointer, change);
        return approve();
      };
    },
  },
];

describe.each(THEIRS)('$name', ({ paused }) => {
  it('runs what was changed while its approval was awaited', async () => {
    const paid: Refund[] = [];
    const approve = await paused((refund) => `re_${paid.push(refund)}`);
    expect(paid).toEqual([]);
    await approve((text) => text.replaceAll(':420', ':1000000'));
    expect(paid).toEqual([forged]);
  });

  it('runs twice what was approved once and sent again', async () => {
    const paid: Refund[] = [];
    const approve = await paused((refund) => `re_${paid.push(refund)}`);
    await approve((text) => text);
    await approve((text) => text);
    expect(paid).toEqual([asked, asked]);
  });
});

describe('a hook that throws ends the run, and nothing runs', () => {
  const needsApproval = (): Promise<boolean> => Promise.reject(new Error('the engine is down'));

  it.each<[string, (pay: (refund: Refund) => string) => Promise<unknown>]>([
    [
      'Vercel AI SDK 6',
      (pay) => {
        const execute = async (input: Refund): Promise<string> => pay(input);
        return vercelHistory(vercel({ inputSchema: refundSchema, needsApproval, execute }), asked, 'call-1');
      },
    ],
    [
      'OpenAI Agents SDK',
      (pay) => {
        const about = { name: 'refund', description: 'refunds an order', parameters: refundSchema, needsApproval };
        return openaiState(openai({ ...about, execute: async (input) => pay(input) }), asked, 'call-1');
      },
    ],
  ])('%s', async (_, run) => {
    const paid: Refund[] = [];
    await expect(run((refund) => `re_${paid.push(refund)}`)).rejects.toThrow('the engine is down');
    expect(paid).toEqual([]);
  });
});

describe.skipIf(!hasFrameworks)(`in Python${hasFrameworks ? '' : ' (skipped: no Python with the frameworks)'}`, () => {
  it(
    'LangChain, OpenAI Agents and Pydantic AI: the same; CrewAI runs what its hook did not say yes to',
    { timeout: FRAMEWORKS_TIMEOUT },
    async () => {
      const { stderr } = await promisify(execFile)(
        FRAMEWORKS_PYTHON,
        ['-W', 'ignore', '-m', 'unittest', 'test_own_approvals'],
        frameworks,
      );
      expect(stderr).toMatch(/Ran 7 tests[^]*\nOK\n$/);
    },
  );
});
