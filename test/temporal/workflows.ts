/** Workflows of somebody else: one knows nothing of us, one waits in its own code. */
import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import { governed } from '../../src/temporal/workflow.ts';

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

/** Days may pass before it is decided; then it is tried once. */
export async function refundingWhenReleased(input: Refund): Promise<string> {
  const { refund } = governed<Activities>({ startToCloseTimeout: '1m', retry: { maximumAttempts: 1 } });
  return refund(input);
}
