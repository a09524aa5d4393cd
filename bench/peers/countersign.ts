/** Ours in the same scenario, over HTTP: asked, decided by a named human, redeemed, reported, each sealed. */
import { LEAD, refund, type TestStack } from '../../test/support/stack.ts';
import { p50, type PeerReport } from './report.ts';

const RUNS = 20;
const ASKER = 'user:requester@acme.test';

export async function ours(stack: TestStack): Promise<PeerReport> {
  const [lead, asker] = [await stack.person(LEAD), await stack.person(ASKER)];
  const decide = (id: string, token: string) =>
    stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token });
  const times: number[] = [];
  let executed = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const since = performance.now();
    const { body } = await stack.ask(refund(421 + run));
    await decide(body.id, lead);
    const { permit } = (await stack.call('GET', `/v1/actions/${body.id}?wait=30`)).body;
    await stack.call('POST', '/v1/permits/redeem', { permit });
    const { body: done } = await stack.call('POST', `/v1/actions/${body.id}/outcome`, { permit, status: 'executed' });
    times.push(performance.now() - since);
    if (done.status === 'executed') executed += 1;
  }
  const { body } = await stack.ask(refund(900));
  const refused = async (token: string): Promise<string> => {
    const { status, body: answer } = await decide(body.id, token);
    return status < 300 ? 'executes' : `does not execute: ${String(status)} ${String(answer.code)}`;
  };
  return {
    name: 'Countersign',
    milliseconds: p50(times),
    executed,
    answers: {
      'a yes of the very user whose agent asks': await refused(asker),
      'a yes of whoever has no credential, in another’s name': await refused('csk_nobody'),
      'proof, without the process': 'a receipt for each record, under two public keys',
    },
  };
}
