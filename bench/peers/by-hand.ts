/** By hand, with Temporal: durable, quick, and its yes is anybody's who reaches the namespace. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { attempt, p50, RUNS, type PeerReport } from './report.ts';

const LEAD = 'user:finance-lead@acme.test';
const ASKER = 'user:requester@acme.test';
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
  const refund = async (amount: number, who: string) => {
    const options = { taskQueue, workflowId: randomUUID(), args: [amount] };
    const handle = await client.workflow.start('refundByHand', options);
    await handle.signal('approve', who);
    await handle.result();
    return handle;
  };
  const times: number[] = [];
  const answers = await worker.runUntil(async (): Promise<PeerReport['answers']> => {
    for (let run = 0; run < RUNS; run += 1) {
      const since = performance.now();
      await refund(420.5, LEAD);
      times.push(performance.now() - since);
    }
    const handle = await refund(420.5, LEAD);
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: handle.workflowId },
    });
    return {
      own: await attempt(() => refund(420.5, ASKER)),
      another: await attempt(() => refund(420.5, `${LEAD} (says a stranger in the namespace)`)),
      again: await attempt(() => handle.signal('approve', LEAD)),
      around: await attempt(() => activities.refund(420.5)),
      proof: `${String(history?.events?.length)} events of Temporal’s history, which its operator can write`,
    };
  });
  await connection.close();
  return { name: 'By hand, with Temporal', milliseconds: p50(times), executed: RUNS, answers };
}
