/** Who was refused a decision, a redemption or the door, as owners and auditors read it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';
import { countersign } from '../cli/harness.ts';

const AUDITOR = 'user:auditor@acme.test';
const REQUESTER = 'user:requester@acme.test';

let stack: TestStack;
let parked: string;
let scoped: string;
beforeAll(async () => {
  stack = await startTestStack();
  parked = (await stack.ask(refund(420.5))).body.id;
  const released = (await stack.ask(refund(10))).body;
  const made = await stack.call('POST', '/v1/api-keys', { surfaces: ['deploy.*'], actors: ['*'] });
  scoped = made.body.key;
  // A decision by somebody whom policy does not name, one's own, a permit twice, a surface out of reach, and the door.
  const decide = async (token: string) =>
    stack.call('POST', `/v1/actions/${parked}/decisions`, { decision: 'approve', reason: 'x' }, { token });
  await decide(await stack.person(AUDITOR));
  await decide(await stack.person(REQUESTER));
  await decide(stack.stack.firstKey ?? '');
  await stack.call('POST', '/v1/permits/redeem', { permit: released.permit });
  await stack.call('POST', '/v1/permits/redeem', { permit: released.permit });
  await stack.call('POST', '/v1/permits/redeem', { permit: 'no.permit.atall' });
  await stack.ask(refund(1), { token: scoped });
  for (const token of ['guess-1', 'guess-2', 'guess-3']) await stack.call('GET', '/v1/records', undefined, { token });
});
afterAll(() => stack.stop());

const codes = (answer: { body: { attempts: { code: string }[] } }): string[] =>
  answer.body.attempts.map(({ code }) => code);

describe('GET /v1/attempts', () => {
  it('lists every refusal, newest first, and counts the door by address', async () => {
    const answer = await stack.call('GET', '/v1/attempts', undefined, { token: await stack.person(AUDITOR) });
    expect(answer.status).toBe(200);
    expect(codes(answer)).toEqual([
      'forbidden',
      'permit-invalid',
      'permit-already-redeemed',
      'not-an-approver',
      'own-request',
      'not-an-approver',
    ]);
    // Each process writes down what it counted in its own time.
    const counted = await eventually('all three are counted', async () => {
      const { body } = await stack.call('GET', '/v1/attempts');
      return body.unauthenticated[0]?.times === 3 ? body.unauthenticated : undefined;
    });
    expect(counted).toEqual([{ address: '127.0.0.1', times: 3, lastAt: expect.any(String) }]);
  });

  it.each<[query: () => string, status: number, count: number]>([
    [() => 'code=not-an-approver', 200, 2],
    [() => 'code=own-request', 200, 1],
    [() => `action=${parked}`, 200, 3],
    [() => `by=${encodeURIComponent(AUDITOR)}`, 200, 1],
    [() => 'door=api&code=permit-invalid', 200, 1],
    [() => 'door=slack', 200, 0],
    [() => 'from=2020-01-01&to=2020-01-02', 200, 0],
    [() => 'from=2020-01-01T00:00:00Z', 200, 6],
    [() => 'limit=2', 200, 2],
    [() => 'limit=0', 400, 0],
    [() => 'limit=many', 400, 0],
    [() => 'from=yesterday', 400, 0],
    [() => 'from=2026-11-31', 400, 0],
    [() => 'to=1', 400, 0],
    [() => 'actor=agent:x', 400, 0],
    [() => 'code=a&code=b', 400, 0],
    [() => 'from=2026-11-27T10:00:00', 400, 0],
    [() => 'cursor=nonsense', 400, 0],
  ])('?%s', async (query, status, count) => {
    const answer = await stack.call('GET', `/v1/attempts?${query()}`);
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body.attempts).toHaveLength(count);
    else expect(answer.body.code).toBe('invalid-request');
  });

  it('pages without gap or repetition', async () => {
    const first = await stack.call('GET', '/v1/attempts?limit=4');
    const second = await stack.call('GET', `/v1/attempts?limit=4&cursor=${first.body.next_cursor}`);
    expect([codes(first).length, codes(second).length, second.body.next_cursor]).toEqual([4, 2, null]);
  });

  it.each([
    ['the finance lead', () => stack.person(LEAD)],
    ['a scoped key', () => Promise.resolve(scoped)],
  ])('is not for %s', async (_who, token) => {
    const answer = await stack.call('GET', '/v1/attempts', undefined, { token: await token() });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  });

  it('is a command too', async () => {
    const env = { COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: await stack.person(AUDITOR) };
    const told = await countersign(['attempts', '--code', 'own-request'], { env });
    expect(told.code).toBe(0);
    expect(told.out).toContain(`${REQUESTER}  own-request  over api  ${parked}`);
    expect(told.out).toContain('127.0.0.1  unauthenticated 3 times');
  });
});
