/** A service that governs one refund, as the crash tests run and kill it: `CALLER_KEY`, `CALLER_LEDGER`, `CALLER_AMOUNT`. */
import { Countersign } from '../../src/client/index.ts';

const { CALLER_KEY = '', CALLER_LEDGER = '', CALLER_AMOUNT = '' } = process.env;
const tell = (what: string, body: object = {}): Promise<Response> =>
  fetch(`${CALLER_LEDGER}/${what}`, { method: 'POST', body: JSON.stringify(body) });

const result = await new Countersign().govern(
  {
    surface: 'payments.refund',
    action: 'refund.create',
    actor: { id: 'agent:support-bot', type: 'agent' },
    resource: { type: 'order', id: CALLER_KEY },
    params: { amount: Number(CALLER_AMOUNT), currency: 'USD' },
    context: { environment: 'production' },
  },
  { key: CALLER_KEY, reference: () => 're_1' },
  async ({ params }) => {
    await tell('begin');
    await tell('effect', params);
    await tell('done');
  },
);
await tell('end');
const outcome = result.status === 'already' ? result.outcome : null;
console.log(JSON.stringify({ status: result.status, outcome }));
