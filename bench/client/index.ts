/** What `govern()` of an approved action costs beside `POST /v1/actions` alone, by turns in one run: at most twice as much. */
import { randomUUID } from 'node:crypto';
import { Countersign, type ActionRequest } from '../../src/client/index.ts';
import { startTestStack } from '../../test/support/stack.ts';
import { measure, type Contender } from '../latency/measure.ts';

const SEQUENTIAL = 200;
const ROUNDS = 10;

const requestOf = (n: number): ActionRequest => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent' },
  params: { amount: (n % 99) + 1, currency: 'USD' },
});

export async function client(): Promise<boolean> {
  // As shipped.
  const stack = await startTestStack({ COUNTERSIGN_START_DELAY_MS: '30000' });
  const countersign = new Countersign({ url: stack.url, key: stack.stack.firstKey ?? '' });
  const alone: Contender = {
    name: 'POST /v1/actions alone',
    async run(n) {
      const action = await countersign.request(requestOf(n), { idempotencyKey: randomUUID() });
      if (action.status !== 'released') throw new Error(`answered ${action.status}`);
    },
  };
  const governed: Contender = {
    name: 'govern(): asked, redeemed, executed, reported',
    async run(n) {
      const result = await countersign.govern(requestOf(n), { key: randomUUID() }, () => 'done');
      if (result.status !== 'executed' || !result.reported) throw new Error(`ended ${result.status}`);
    },
  };
  const [one, all] = await measure([alone, governed], {
    warmUp: 100,
    sequential: SEQUENTIAL,
    concurrent: 0,
    rounds: ROUNDS,
  });
  await stack.stop();
  if (one === undefined || all === undefined) throw new Error('nothing was measured');
  const ratio = all.p50 / one.p50;
  console.log(`${alone.name}: p50 ${one.p50.toFixed(1)} ms, p95 ${one.p95.toFixed(1)} ms`);
  console.log(`${governed.name}: p50 ${all.p50.toFixed(1)} ms, p95 ${all.p95.toFixed(1)} ms`);
  console.log(`p50 is ${ratio.toFixed(2)} times as much; bound 2`);
  return ratio <= 2;
}
