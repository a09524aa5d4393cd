/** A human in the loop as Temporal's own recipes make one: a workflow that waits for a signal. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Paying } from './by-hand.ts';

export const approve = defineSignal<[by: string]>('approve');

export async function refundByHand(amount: number): Promise<{ reference: string; by: string }> {
  const { refund } = proxyActivities<Paying>({ startToCloseTimeout: '1 minute' });
  let by: string | undefined;
  setHandler(approve, (who) => void (by = who));
  if (!(await condition(() => by !== undefined, '1 hour'))) throw new Error('nobody decided');
  return { reference: await refund(amount), by: by ?? '' };
}
