/** `GET /v1/surfaces` and `countersign surfaces`: what is governed, and what was asked for without a policy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.stop());

interface Covered {
  surface: string;
  governed: boolean;
  actions: number;
}

describe('coverage', () => {
  it('names policies, counts what was asked for, and says who executed', async () => {
    const { body } = await stack.ask(refund(42));
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: body.permit, redeemer: 'r1' });
    expect(redeemed.status).toBe(200);
    await stack.ask(refund(5000));
    await stack.ask(refund(1, { surface: 'nobody.thought.of.it' }));
    const answer = await stack.call('GET', '/v1/surfaces');
    expect(answer.status).toBe(200);
    const surfaces = answer.body.surfaces as Covered[];
    expect(surfaces.find(({ surface }) => surface === 'payments.refund')).toMatchObject({
      governed: true,
      policies: [{ name: 'payments.refund', mode: 'enforce' }],
      actions: 2,
      neverRedeemed: 0,
      neverReported: 0,
      executedBy: [{ by: expect.any(String), times: 1 }],
    });
    expect(surfaces.find(({ surface }) => surface === 'nobody.thought.of.it')).toMatchObject({
      governed: false,
      policies: [],
      actions: 1,
    });
    expect(surfaces.some(({ actions, governed }) => actions === 0 && governed)).toBe(true);
    // What the engine asked itself when it started is nobody's to govern.
    expect(surfaces.filter(({ governed }) => !governed)).toHaveLength(1);
  });

  it('is printed by the command line, what no policy governs in capitals', async () => {
    const env = { COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' };
    const { code, out } = await countersign(['surfaces'], { env });
    const lines = out.split('\n');
    expect(code).toBe(0);
    expect(lines).toContain('nobody.thought.of.it  NO POLICY · 1 asked for');
    expect(
      lines.some((line) =>
        /^payments\.refund {2}payments\.refund · 2 asked for · executed by key:\S+ \(1\)$/.test(line),
      ),
    ).toBe(true);
    const { surfaces } = JSON.parse((await countersign(['surfaces', '--json'], { env })).out) as {
      surfaces: Covered[];
    };
    expect(surfaces).toContainEqual(expect.objectContaining({ surface: 'nobody.thought.of.it', governed: false }));
    expect(
      (await countersign(['surfaces'], { env: { ...env, COUNTERSIGN_API_KEY: await stack.person(LEAD) } })).code,
    ).toBe(3);
  });

  it('is for owners and auditors', async () => {
    const token = await stack.person(LEAD);
    expect((await stack.call('GET', '/v1/surfaces', undefined, { token })).status).toBe(403);
    const auditor = await stack.person('user:auditor@acme.test');
    expect((await stack.call('GET', '/v1/surfaces', undefined, { token: auditor })).status).toBe(200);
  });
});
