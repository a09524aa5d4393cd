/** A workflow of somebody else, which knows nothing of us. */
import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';

export interface Refund {
  order: string;
  amount: number;
  currency: string;
}

export interface Activities {
  refund(input: Refund): Promise<string>;
}

export async function refunding(input: Refund, options: ActivityOptions = {}): Promise<string> {
  const { refund } = proxyActivities<Activities>({
    startToCloseTimeout: '1m',
    ...options,
    retry: { initialInterval: '100ms', ...options.retry },
  });
  return refund(input);
}
