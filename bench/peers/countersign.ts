/** Ours in the same scenario, over HTTP: asked, decided by a named human, redeemed, reported, each sealed. */
import { verifyReceipt } from '../../src/sealing/index.ts';
import { LEAD, refund, type TestStack } from '../../test/support/stack.ts';
import { p50, RUNS, type PeerReport } from './report.ts';

const ASKER = 'user:requester@acme.test';

export async function ours(stack: TestStack): Promise<PeerReport> {
  const [lead, asker] = [await stack.person(LEAD), await stack.person(ASKER)];
  const decide = (id: string, token: string) =>
    stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token });
  /** Asked, approved and released, with its permit. */
  const released = async (amount: number): Promise<{ id: string; permit: string; request: object }> => {
    const { body } = await stack.ask(refund(amount));
    await decide(body.id, lead);
    return (await stack.call('GET', `/v1/actions/${body.id}?wait=30`)).body;
  };
  const times: number[] = [];
  let executed = 0;
  let records: string[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const since = performance.now();
    const { id, permit } = await released(421 + run);
    await stack.call('POST', '/v1/permits/redeem', { permit });
    const { body: done } = await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    times.push(performance.now() - since);
    if (done.status === 'executed') executed += 1;
    records = done.records;
  }
  const refused = async (token: string, asked: object): Promise<string> => {
    const { body } = await stack.ask(asked);
    return answerOf(await decide(body.id, token));
  };
  const { permit } = await released(800);
  const redeemed = async (request: object): Promise<string> =>
    answerOf(await stack.call('POST', '/v1/permits/redeem', { permit, ...request }));
  const altered = await redeemed({ request: refund(801) });
  await redeemed({});
  const agents = (onBehalfOf: string) => ({
    actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: onBehalfOf, type: 'user' } },
  });
  return {
    name: 'Countersign',
    milliseconds: p50(times),
    executed,
    answers: {
      own: await refused(asker, refund(900)),
      ownNamed: await refused(lead, refund(901, agents(LEAD))),
      another: await refused('csk_nobody', refund(902)),
      altered,
      again: await redeemed({}),
      proof: `${String(await verified(stack, records))} receipts of ${String(records.length)} records verify by two public keys`,
    },
  };
}

function answerOf({ status, body }: { status: number; body: { code?: string } }): string {
  return status < 300 ? 'executes' : `does not execute: ${String(status)} ${String(body.code)}`;
}

/** How many of the receipts verify with no more than the published keys. */
async function verified(stack: TestStack, records: readonly string[]): Promise<number> {
  const { keys } = (await stack.call('GET', '/log/default/jwks.json')).body;
  const vkey: string = (await stack.call('GET', '/log/default/vkey')).body;
  let good = 0;
  for (const hash of records) {
    const { body: receipt } = await stack.call('GET', `/v1/records/${hash}/receipt`);
    const { recordHash } = await verifyReceipt(receipt, { recordKeys: keys, logKeys: [vkey.trim()] });
    if (recordHash === hash) good += 1;
  }
  return good;
}
