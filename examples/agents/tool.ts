/** The tool of the examples: it moves money. Every adapter gets the same one, guarded. */
import { createGuard, type AgentGuardOptions, type GuardedTool } from '@countersign/client/agent';
import { z } from 'zod';

export const refundSchema = z.object({ order: z.string(), amount: z.number(), currency: z.string() });
export type Refund = z.infer<typeof refundSchema>;

export type RefundTool = GuardedTool<Refund, string, typeof refundSchema>;

/** @param ledger what really pays */
export function refundTool(options: AgentGuardOptions, ledger: (refund: Refund) => Promise<string>): RefundTool {
  return createGuard(options).tool('refund', refundSchema, ledger, {
    surface: 'payments.refund',
    action: 'refund.create',
    params: ({ amount, currency }) => ({ amount, currency }),
    resource: ({ order }) => ({ type: 'order', id: order }),
    context: () => ({ environment: 'production' }),
    // `params` leaves the order out, so what an approver changed is put back by hand.
    input: ({ params }, asked) => ({ ...asked, amount: Number(params?.['amount']) }),
  });
}
