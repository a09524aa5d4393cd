/** A worker of somebody else on a process of its own, so that it can be killed. Its ledger is at `LEDGER`. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { countersign, onlyGoverned } from '../../src/temporal/index.ts';
import type { Refund } from './workflows.ts';

const {
  COUNTERSIGN_URL = '',
  COUNTERSIGN_API_KEY = '',
  LEDGER = '',
  ADDRESS = '',
  QUEUE = '',
  PLUGIN,
  CALLBACK,
  PAUSE = '1000',
} = process.env;

const activities = {
  async refund(input: Refund): Promise<string> {
    const response = await fetch(LEDGER, { method: 'POST', body: JSON.stringify(input) });
    if (!response.ok) throw new Error(`ledger ${response.status}`);
    return response.text();
  },
};

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: ADDRESS }),
  taskQueue: QUEUE,
  workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
  activities: onlyGoverned(activities),
  plugins:
    PLUGIN === 'none'
      ? []
      : [
          countersign({
            url: COUNTERSIGN_URL,
            key: COUNTERSIGN_API_KEY,
            actor: 'service:payments',
            longestPause: Number(PAUSE),
            ...(CALLBACK === undefined ? {} : { callback: CALLBACK }),
            activities: {
              refund: {
                surface: 'payments.refund',
                action: 'refund.create',
                resource: ({ order }: Refund) => ({ type: 'order', id: order }),
                params: ({ amount, currency }: Refund) => ({ amount, currency }),
                reference: (id: string) => id,
              },
            },
          }),
        ],
});
console.log('running');
await worker.run();
