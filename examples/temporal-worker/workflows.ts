/** A workflow that knows nothing of us: its activity is governed by the worker's plugin. */
import { proxyActivities } from '@temporalio/workflow';
import type { activities } from './activities.ts';

const { refund } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });

export async function refundOrder(order: string, amount: number): Promise<string> {
  return refund({ order, amount, currency: 'USD' });
}
