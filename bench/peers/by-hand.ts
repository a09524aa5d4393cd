/** By hand, with Temporal: durable, quick, and its yes is anybody's who reaches the namespace. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { p50, type PeerReport } from './report.ts';

const RUNS = 20;
const taskQueue = 'by-hand';

export interface Paying {
  refund(amount: number): Promise<string>;
}

export async function byHand(address: string): Promise<PeerReport> {
  let executed = 0;
  const activities: Paying = { refund: (amount) => Promise.resolve(`re_${String(amount)}_${++executed}`) };
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue,
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    activities,
  });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  /** @param who what the sender of the signal says that they are */
  const refund = async (amount: number, who: string): Promise<string> => {
    const options = { taskQueue, workflowId: randomUUID(), args: [amount] };
    const handle = await client.workflow.start('refundByHand', options);
    await handle.signal('approve', who);
    const { by } = (await handle.result()) as { by: string };
    return by;
  };
  const times: number[] = [];
  const answers = await worker.runUntil(async (): Promise<Record<string, string>> => {
    for (let run = 0; run < RUNS; run += 1) {
      const since = performance.now();
      await refund(420.5, 'user:finance-lead@acme.test');
      times.push(performance.now() - since);
    }
    const stranger = await refund(420.5, 'user:finance-lead@acme.test (says a stranger in the namespace)');
    return {
      'a yes of whoever may send a signal, in another’s name': stranger === '' ? 'does not execute' : 'executes',
      'the activity called without the workflow’s wait': 'executes: nothing in it asks for a yes',
      'proof, without the process': 'Temporal’s history, which its operator can write',
    };
  });
  await connection.close();
  return { name: 'By hand, with Temporal', milliseconds: p50(times), executed: RUNS, answers };
}
