import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

/** Waits of seconds instead of hours; everything else as shipped. */
const QUICK = `# yaml-language-server: $schema=policy.schema.json
policy: test.quick
surfaces: [test.quick]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - id: medium
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: finance, approvers: ['group:finance'], remind: 1s }]
      expires: 3s
notify: ['#finance-approvals']
permit: 1s
outcome: { within: 2s }
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({ 'test.quick.yaml': QUICK });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const quick = (amount: number): object => ({ ...REFUND, surface: 'test.quick', params: { amount } });

/** The action once it has this status; the test's own limit ends the wait. */
async function becomes(id: string, status: string) {
  for (;;) {
    const { body } = await it_.call('GET', `/v1/actions/${id}`);
    if (body.status === status) return body;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const typesOf = async (id: string): Promise<string[]> => {
  const { body } = await it_.call('GET', `/v1/records?action=${id}`);
  return body.records
    .map((item: { record: { type: string; status?: string; decision?: string } }) =>
      [item.record.type, item.record.status ?? item.record.decision].filter(Boolean).join(' '),
    )
    .reverse();
};

describe('an approval that nobody gives', () => {
  it('is reminded of, expires, and is never released', async () => {
    const { body } = await it_.ask(quick(500));
    const expired = await becomes(body.id, 'expired');
    expect(expired.permit).toBeNull();
    expect(await typesOf(body.id)).toEqual(['verdict', 'decision expired']);
    const late = await it_.call(
      'POST',
      `/v1/actions/${body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(LEAD) },
    );
    expect([late.status, late.body.code]).toEqual([409, 'not-open']);
    const message = await it_.sandbox.control.waitFor(() =>
      it_.sandbox.control
        .messages('finance-approvals')
        .find(
          (one) =>
            one.threadTs === undefined &&
            JSON.stringify(one.blocks).includes(body.id) &&
            !JSON.stringify(one.blocks).includes('"approve"'),
        ),
    );
    expect(message.text).toContain('Expired');
    const thread = it_.sandbox.control.thread(message.channel, message.ts);
    expect(thread.length).toBeGreaterThan(1);
    expect((await it_.ask(quick(500), { key: 'expired-again' })).status).toBe(202);
  });
});

describe('an outcome that never comes', () => {
  it('is unreported; a late report is sealed after it', async () => {
    const { body } = await it_.ask(quick(1));
    await becomes(body.id, 'unreported');
    const reported = await it_.call('POST', `/v1/actions/${body.id}/outcome`, {
      permit: body.permit,
      status: 'executed',
      reference: 'late',
    });
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
    expect(await typesOf(body.id)).toEqual(['verdict', 'release', 'outcome unreported', 'outcome executed']);
  });

  it('is settled by an owner as a reconciliation, never as a report', async () => {
    const { body } = await it_.ask(quick(2));
    await becomes(body.id, 'unreported');
    const nobody = await it_.call(
      'POST',
      `/v1/actions/${body.id}/reconcile`,
      { status: 'failed', reason: 'x' },
      { token: await it_.person(LEAD) },
    );
    expect(nobody.body.code).toBe('forbidden');
    const settled = await it_.call('POST', `/v1/actions/${body.id}/reconcile`, {
      status: 'failed',
      reason: 'the bank has no such payment',
    });
    expect([settled.status, settled.body.status]).toEqual([200, 'failed']);
    expect((await typesOf(body.id)).at(-1)).toMatch(/^reconcile/);
  });
});

describe('a permit', () => {
  it('dies after its time, and only the report outlives it', async () => {
    const { body } = await it_.ask(quick(3));
    await becomes(body.id, 'unreported');
    const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: body.permit });
    expect([redeemed.status, redeemed.body.code]).toEqual([403, 'permit-expired']);
  });
});
