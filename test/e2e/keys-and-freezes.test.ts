import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let it_: TestStack;
beforeAll(async () => {
  it_ = await startTestStack();
});
afterAll(() => it_.stop());

const COMMANDER = 'user:incident-commander@acme.test';

describe('a key made later', () => {
  it('reaches its surfaces and actors only, reads only what is theirs, and ends when it is revoked', async () => {
    const scope = { surfaces: ['payments.*'], actors: ['agent:support-bot'] };
    const made = await it_.call('POST', '/v1/api-keys', scope);
    expect(made.status).toBe(201);
    const token = made.body.key as string;
    const listed = await it_.call('GET', '/v1/api-keys');
    expect(JSON.stringify(listed.body)).not.toContain(token);

    const own = await it_.ask(refund(10), { token });
    expect([own.status, own.body.status]).toEqual([200, 'released']);
    const foreign = await it_.ask(refund(10, { surface: 'deploy.prod' }), { token });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden']);
    const disguised = await it_.ask(refund(10, { actor: { id: 'agent:other', type: 'agent' } }), { token });
    expect(disguised.status).toBe(403);
    expect(disguised.body.action.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });

    const others = await it_.ask(refund(10, { actor: { id: 'agent:other', type: 'agent' } }));
    expect((await it_.call('GET', `/v1/actions/${others.body.id}`, undefined, { token })).status).toBe(404);
    expect((await it_.call('POST', '/v1/api-keys', scope, { token })).body.code).toBe('forbidden');
    expect((await it_.call('POST', '/v1/freezes', { scope: 'tenant', reason: 'x' }, { token })).body.code).toBe(
      'forbidden',
    );

    expect((await it_.call('DELETE', `/v1/api-keys/${made.body.id}`)).status).toBe(204);
    expect((await it_.ask(refund(11), { token })).status).toBe(401);
  });
});

describe('a freeze', () => {
  it('kills unredeemed permits, refuses what is new, lets the parked wait, and all goes on when it is lifted', async () => {
    const released = await it_.ask(refund(20));
    const parked = await it_.ask(refund(420.5));
    const token = await it_.person(COMMANDER);
    const nobody = await it_.call(
      'POST',
      '/v1/freezes',
      { scope: 'tenant', reason: 'x' },
      { token: await it_.person(LEAD) },
    );
    expect(nobody.body.code).toBe('forbidden');
    const frozen = await it_.call(
      'POST',
      '/v1/freezes',
      { scope: 'surface', value: 'payments.refund', reason: 'fraud wave' },
      { token },
    );
    expect(frozen.status).toBe(201);

    const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: released.body.permit });
    expect([redeemed.status, redeemed.body.code]).toEqual([403, 'frozen']);
    const fresh = await it_.ask(refund(21));
    expect(fresh.status).toBe(403);
    expect(fresh.body.detail).toContain('fraud wave');
    const decided = await it_.call(
      'POST',
      `/v1/actions/${parked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(LEAD) },
    );
    expect([decided.status, decided.body.status, decided.body.permit]).toEqual([200, 'supervised', null]);

    const lifted = await it_.call('DELETE', `/v1/freezes/${frozen.body.id}`, { reason: 'over' }, { token });
    expect(lifted.status).toBe(200);
    const after = await it_.call('GET', `/v1/actions/${parked.body.id}?wait=30`);
    expect(after.body.status).toBe('released');
    expect((await it_.call('POST', '/v1/permits/redeem', { permit: released.body.permit })).status).toBe(200);
    const records = (await it_.call('GET', '/v1/records?type=freeze')).body.records;
    expect(records.map((item: { record: { body: { state: string } } }) => item.record.body.state)).toEqual([
      'lifted',
      'frozen',
    ]);
  });
});

describe('a delegation', () => {
  it('lets somebody decide for an approver, sealed as such, and never around four eyes', async () => {
    const stand = 'user:duty-manager@acme.test';
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const given = await it_.call('POST', '/v1/delegations', { to: stand, until }, { token: await it_.person(LEAD) });
    expect(given.status).toBe(201);
    const own = await it_.ask(refund(420.5, { actor: { id: stand, type: 'user' } }));
    const refused = await it_.call(
      'POST',
      `/v1/actions/${own.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(stand) },
    );
    expect(refused.body.code).toBe('own-request');

    const parked = await it_.ask(refund(420.5));
    const decided = await it_.call(
      'POST',
      `/v1/actions/${parked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(stand) },
    );
    expect([decided.status, decided.body.status]).toEqual([200, 'released']);
    const records = (await it_.call('GET', `/v1/records?action=${parked.body.id}&type=decision`)).body.records;
    expect(records[0].record).toMatchObject({ by: stand, delegation: { id: given.body.id, from: LEAD } });
    expect(
      (await it_.call('DELETE', `/v1/delegations/${given.body.id}`, undefined, { token: await it_.person(LEAD) }))
        .status,
    ).toBe(204);
    const late = await it_.ask(refund(430));
    const no = await it_.call(
      'POST',
      `/v1/actions/${late.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(stand) },
    );
    expect(no.body.code).toBe('not-an-approver');
  });
});
