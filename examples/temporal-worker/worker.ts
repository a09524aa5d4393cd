/** A worker whose activity `refund` runs with a permit, at most once, and not at all without one: the plugin is one line. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { countersign, onlyGoverned } from '@countersign/temporal';
import { activities, type Refund } from './activities.ts';

export interface Where {
  temporal: string;
  taskQueue: string;
  url: string;
  key: string;
}

export async function createWorker({ temporal, taskQueue, url, key }: Where): Promise<Worker> {
  return Worker.create({
    connection: await NativeConnection.connect({ address: temporal }),
    taskQueue,
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    // They refuse to run on a worker that lost its plugin.
    activities: onlyGoverned(activities, ['refund']),
    plugins: [
      countersign({
        url,
        key,
        actor: 'service:payments',
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
}
