/**
 * A refund service in Express. `POST /refunds` moves money for whoever shows a permit for exactly this refund, once, and for nobody else: no
 * caller gets round the policy, also not one that has a key of this service.
 */
import { permitOf, requirePermit, type RequirePermitOptions } from '@countersign/client/verify';
import express, { type Express, type Request } from 'express';

export interface Refund {
  order: string;
  amount: number;
  currency: string;
}

/** @param ledger what really pays; it answers its own reference */
export function refundService(
  ledger: (refund: Refund) => Promise<string>,
  options: Partial<RequirePermitOptions<Request>> = {},
): Express {
  const app = express();
  app.post('/refunds', express.json(), requirePermit({ surface: 'payments.refund', ...options }), async (req, res) => {
    // The request as released: an approver who lowered the amount is obeyed here.
    const { request, report } = permitOf(req);
    const { amount, currency } = request.params ?? {};
    const refund = { order: String(request.resource?.['id']), amount: Number(amount), currency: String(currency) };
    const reference = await ledger(refund);
    await report({ status: 'executed', reference });
    res.json({ reference, amount: refund.amount });
  });
  return app;
}
