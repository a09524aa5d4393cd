/** LangChain's human in the loop: the agent pauses, and whoever holds its thread goes on. */
import { Command, MemorySaver } from '@langchain/langgraph';
import { tool } from '@langchain/core/tools';
import { createAgent, FakeToolCallingModel, humanInTheLoopMiddleware } from 'langchain';
import { z } from 'zod';
import { p50, type PeerReport } from './report.ts';

const RUNS = 20;

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
  const asked = paid.length;
  const agent = agentFor();
  const thread = { configurable: { thread_id: 'edited' } };
  await agent.invoke({ messages: [{ role: 'user', content: 'refund it' }] }, thread);
  await agent.invoke(
    new Command({
      resume: { decisions: [{ type: 'edit', editedAction: { name: 'refund', args: { amount: 42_050 } } }] },
    }),
    thread,
  );
  return {
    name: 'LangChain, human in the loop',
    milliseconds: p50(times),
    executed: asked,
    answers: {
      'a yes of the very user whose agent asks': 'executes',
      'an edit to a hundred times the amount, by the same': paid.at(-1) === 42_050 ? 'executes' : 'does not execute',
      'the tool called without the agent':
        (await refund.invoke({ amount: 1 })) === '' ? 'does not execute' : 'executes',
      'proof, without the process': 'none',
    },
  };
}
