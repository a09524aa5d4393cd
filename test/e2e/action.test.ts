import { beforeAll, describe, expect, it } from 'vitest';
import { verifyReceipt } from '../../src/sealing/index.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { CFO, LEAD, refund } from '../support/stack.ts';

let it_: SharedStack;
beforeAll(async () => {
  it_ = await sharedStack();
});

async function trust() {
  const { keys } = (await it_.call('GET', '/log/default/jwks.json')).body as { keys: never[] };
  const vkey = (await it_.call('GET', '/log/default/vkey')).body as string;
  return { recordKeys: keys, logKeys: [vkey.trim()] };
}

describe('a small refund', () => {
  it('is released at once, redeemed once, reported, and every record of it verifies offline', async () => {
    const asked = await it_.ask(refund(42.5));
    expect(asked.status).toBe(200);
    expect(asked.body).toMatchObject({
      status: 'released',
      verdict: { decision: 'approve', basis: 'rule', policy: 'payments.refund' },
    });
    const { id, permit } = asked.body;
    expect(asked.headers.get('countersign-receipt')).toBe(asked.body.records.at(-1));

    const first = await it_.call('POST', '/v1/permits/redeem', { permit });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ act: id, surface: 'payments.refund' });
    const second = await it_.call('POST', '/v1/permits/redeem', { permit });
    expect([second.status, second.body.code]).toEqual([409, 'permit-already-redeemed']);

    const outcome = { permit, status: 'executed', reference: 'rf_1' };
    const reported = await it_.call('POST', `/v1/actions/${id}/outcome`, outcome);
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
    const again = await it_.call('POST', `/v1/actions/${id}/outcome`, outcome);
    expect(again.body.records).toEqual(reported.body.records);
    const other = await it_.call('POST', `/v1/actions/${id}/outcome`, { ...outcome, status: 'failed' });
    expect([other.status, other.body.code]).toEqual([409, 'outcome-already-reported']);

    const keys = await trust();
    const types = [];
    for (const hash of reported.body.records) {
      const receipt = (await it_.call('GET', `/v1/records/${hash}/receipt`)).body;
      const verified = await verifyReceipt(receipt, keys);
      expect(verified.recordHash).toBe(hash);
      types.push(verified.record.type);
    }
    expect(types).toEqual(['verdict', 'release', 'redemption', 'outcome']);
  });
});

describe('a large refund', () => {
  it('is refused with a proof that verifies offline', async () => {
    const asked = await it_.ask(refund(5000));
    expect(asked.status).toBe(403);
    expect(asked.headers.get('content-type')).toContain('application/problem+json');
    expect(asked.body).toMatchObject({ code: 'action-refused', action: { status: 'refused', permit: null } });
    const verified = await verifyReceipt(asked.body.receipt, await trust());
    expect(verified.record).toMatchObject({ type: 'verdict', verdict: { decision: 'refuse', rule: 'large' } });
  });
});

describe('a medium refund', () => {
  it('waits for an approver over the API, and its permit binds the request', async () => {
    const asked = await it_.ask(refund(420.5));
    expect([asked.status, asked.body.status]).toEqual([202, 'supervised']);
    expect(asked.headers.get('location')).toBe(`/v1/actions/${asked.body.id}`);
    expect(asked.body.permit).toBeNull();
    expect([...asked.body.approval.stages[0].approvers].sort()).toEqual([CFO, LEAD]);

    const waiting = it_.call('GET', `/v1/actions/${asked.body.id}?wait=30`);
    const stranger = await it_.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person('user:risk-officer@acme.test') },
    );
    expect([stranger.status, stranger.body.code]).toEqual([403, 'not-an-approver']);
    const own = await it_.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person('user:requester@acme.test') },
    );
    expect([own.status, own.body.code]).toEqual([403, 'own-request']);

    const decided = await it_.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'approve', reason: 'goodwill' },
      { token: await it_.person(LEAD) },
    );
    expect([decided.status, decided.body.status, decided.body.permit]).toEqual([200, 'released', null]);
    expect(decided.body.approval.stages[0].decisions).toMatchObject([
      { by: LEAD, decision: 'approve', reason: 'goodwill', via: 'api' },
    ]);

    const released = await waiting;
    expect(released.body).toMatchObject({ status: 'released', id: asked.body.id });
    const late = await it_.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'refuse', reason: 'no' },
      { token: await it_.person(CFO) },
    );
    expect([late.status, late.body.code]).toEqual([409, 'not-open']);

    const { permit } = released.body;
    const wrong = await it_.call('POST', '/v1/permits/redeem', { permit, request: refund(421) });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'permit-request-differs']);
    const races = await Promise.all(
      Array.from({ length: 50 }, () => it_.call('POST', '/v1/permits/redeem', { permit, request: refund(420.5) })),
    );
    expect(races.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(races.filter(({ status }) => status === 409)).toHaveLength(49);
  });

  it('ends when an approver refuses, and refusing needs a reason', async () => {
    const { body } = await it_.ask(refund(310.5));
    const token = await it_.person(CFO);
    const silent = await it_.call('POST', `/v1/actions/${body.id}/decisions`, { decision: 'refuse' }, { token });
    expect(silent.body.code).toBe('reason-required');
    const refused = await it_.call(
      'POST',
      `/v1/actions/${body.id}/decisions`,
      { decision: 'refuse', reason: 'not our customer' },
      { token },
    );
    expect([refused.status, refused.body.status, refused.body.permit]).toEqual([200, 'refused', null]);
    const asked = await it_.call('GET', `/v1/actions/${body.id}`);
    expect(asked.body.status).toBe('refused');
  });

  it('is withdrawn by its requester', async () => {
    const { body } = await it_.ask(refund(300));
    const cancelled = await it_.call('POST', `/v1/actions/${body.id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
  });
});

describe('idempotency', () => {
  it('starts one action for 100 identical posts at once, and answers all of them alike', async () => {
    const body = refund(11);
    const answers = await Promise.all(Array.from({ length: 100 }, () => it_.ask(body, { key: 'one-key-for-all' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    const records = await it_.call('GET', `/v1/records?action=${answers[0]?.body.id}`);
    expect(records.body.records.map((item: { record: { type: string } }) => item.record.type)).toEqual([
      'release',
      'verdict',
    ]);
  });

  it('refuses the same key for another body', async () => {
    await it_.ask(refund(12), { key: 'used-twice' });
    const other = await it_.ask(refund(13), { key: 'used-twice' });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('needs a key', async () => {
    const answer = await it_.call('POST', '/v1/actions', refund(12));
    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency-key-missing']);
  });
});
