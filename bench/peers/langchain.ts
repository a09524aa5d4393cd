/** LangChain's human in the loop: the agent pauses, and whoever holds its thread goes on. */
import { Command, MemorySaver } from '@langchain/langgraph';
import { tool } from '@langchain/core/tools';
import { createAgent, FakeToolCallingModel, humanInTheLoopMiddleware } from 'langchain';
import { z } from 'zod';
import { attempt, p50, RUNS, type PeerReport } from './report.ts';

export async function langchain(): Promise<PeerReport> {
  const paid: number[] = [];
  const refund = tool(({ amount }) => Promise.resolve(`re_${paid.push(amount)}`), {
    name: 'refund',
    description: 'Refunds an order',
    schema: z.object({ amount: z.number() }),
  });
  const agentFor = () =>
    createAgent({
      model: new FakeToolCallingModel({ toolCalls: [[{ name: 'refund', args: { amount: 420.5 }, id: 'call_1' }], []] }),
      tools: [refund],
      // @ts-expect-error Its types leave out `undefined` where ours are exact.
      middleware: [humanInTheLoopMiddleware({ interruptOn: { refund: true } })],
      checkpointer: new MemorySaver(),
    });
  const yes = new Command({ resume: { decisions: [{ type: 'approve' }] } });
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const since = performance.now();
    const [agent, thread] = [agentFor(), { configurable: { thread_id: String(run) } }];
    await agent.invoke({ messages: [{ role: 'user', content: 'refund it' }] }, thread);
    // The user of the agent answers it: there is nobody else to ask, and nothing to show who it was.
    await agent.invoke(yes, thread);
    times.push(performance.now() - since);
  }
  const executed = paid.length;
  const [agent, thread] = [agentFor(), { configurable: { thread_id: 'answers' } }];
  /** Throws where the tool was not called. */
  const resumed = async (decision: object): Promise<void> => {
    const before = paid.length;
    await agent.invoke(new Command({ resume: { decisions: [decision] } }), thread);
    if (paid.length === before) throw new Error('the tool was not called');
  };
  await agent.invoke({ messages: [{ role: 'user', content: 'refund it' }] }, thread);
  const edited = { name: 'refund', args: { amount: 42_050 } };
  const altered = await attempt(() => resumed({ type: 'edit', editedAction: edited }));
  return {
    name: 'LangChain, human in the loop',
    milliseconds: p50(times),
    executed,
    answers: {
      own: executed === RUNS ? 'executes: whoever holds the thread answers' : 'does not execute',
      altered: `${altered}: ${String(paid.at(-1))}, by the same user’s edit`,
      again: await attempt(() => resumed({ type: 'approve' })),
      around: await attempt(() => refund.invoke({ amount: 1 })),
    },
  };
}
