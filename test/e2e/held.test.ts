/** What is approved is held for a while (`release.after`): it can be withdrawn until it begins, and never both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealDecision } from '../../src/engine/decisions.ts';
import { actionIdOf, workflowIdOf } from '../../src/engine/ids.ts';
import { judge } from '../../src/engine/judge.ts';
import { redeemPermit } from '../../src/engine/redeem.ts';
import { readLife } from '../../src/engine/life.ts';
import { createAttestor } from '../../src/identity/index.ts';
import { activityDeps } from '../../src/main/parts.ts';
import type { ActionRequest } from '../../src/contract/index.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { eventually } from '../support/eventually.ts';
import { LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const policy = (name: string, after: string): string => `policy: ${name}
surfaces: [${name}]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - id: medium
    when: 'true'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
effect: { kind: irreversible }
release: { after: ${after} }
disclose: [params.amount, resource.id]
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({ 'test.held.yaml': policy('test.held', '1h'), 'test.soon.yaml': policy('test.soon', '1s') });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const ask = (surface: string, amount: number) =>
  it_.ask({ ...REFUND, surface, resource: { type: 'order', id: `ord_${String(amount)}` }, params: { amount } });
const cancel = (id: string, token?: string) =>
  it_.call('POST', `/v1/actions/${id}/cancel`, undefined, token === undefined ? {} : { token });
const recordsOf = async (id: string) =>
  (await it_.call('GET', `/v1/records?action=${id}`)).body.records.map(
    ({ record }: { record: { type: string } }) => record.type,
  );

async function approved(surface: string, amount: number): Promise<{ id: string; permit: string }> {
  const { body } = await ask(surface, amount);
  await decide(it_, body.id, { decision: 'approve' }, LEAD);
  const released = await it_.call('GET', `/v1/actions/${body.id}?wait=20`);
  expect(released.body.status).toBe('released');
  return released.body;
}

describe('what is approved and held', () => {
  it('is not executed before its time, and an approver takes it back', async () => {
    const { id, permit } = await approved('test.held', 200);
    const early = await it_.call('POST', '/v1/permits/redeem', { permit });
    expect([early.status, early.body.code]).toEqual([403, 'permit-held']);
    expect(Date.parse(early.body.notBefore)).toBeGreaterThan(Date.now());

    const stranger = await cancel(id, await it_.person('user:risk-officer@acme.test'));
    expect(stranger.status).toBe(403);
    const back = await cancel(id, await it_.person('user:cfo@acme.test'));
    expect([back.status, back.body.status]).toEqual([200, 'cancelled']);
    const late = await it_.call('POST', '/v1/permits/redeem', { permit });
    expect([late.status, late.body.code]).toEqual([409, 'not-open']);
    expect((await cancel(id)).status).toBe(409);
    expect((await recordsOf(id)).sort()).toEqual(['decision', 'decision', 'release', 'verdict']);
  });

  it('is taken back by its requester, also where a rule approved it', async () => {
    const { body } = await ask('test.held', 7);
    expect(body.status).toBe('released');
    expect((await cancel(body.id)).body.status).toBe('cancelled');
  });

  it('goes on when the time is over, and is then nobody’s to take back', async () => {
    const { id, permit } = await approved('test.soon', 300);
    await eventually('its permit is redeemed', async () =>
      (await it_.call('POST', '/v1/permits/redeem', { permit })).status === 200 ? true : undefined,
    );
    expect((await cancel(id)).status).toBe(409);
    const { body } = await it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    expect(body.status).toBe('executed');
  });
});

it('what takes another action back is linked with it, both ways', async () => {
  const { body: first } = await ask('test.soon', 9);
  const back = { ...REFUND, surface: 'test.soon', resource: { type: 'order', id: 'back' }, params: { amount: 9 } };
  const { body: second } = await it_.ask({ ...back, reverses: first.id });
  expect(second.reverses).toBe(first.id);
  const [verdict] = (await it_.call('GET', `/v1/records?action=${second.id}&type=verdict`)).body.records;
  expect(verdict.record).toMatchObject({ reverses: first.id, effect: { kind: 'irreversible' } });
  expect((await it_.call('GET', `/v1/actions/${first.id}`)).body.reversedBy).toEqual([second.id]);

  const nothing = await it_.ask({ ...back, reverses: `act_${'0'.repeat(64)}` });
  expect([nothing.status, nothing.body.errors]).toMatchObject([400, [{ pointer: '/reverses' }]]);
});

/** `COUNTERSIGN_RACES=1000` for the whole count. */
const RACES = Number(process.env['COUNTERSIGN_RACES'] ?? 200);
const AT_ONCE = 10;

it(`${RACES} withdrawals against redemptions end in exactly one`, { timeout: 300_000 }, async () => {
  const { parts } = it_.stack;
  const deps = activityDeps(parts, null, null);
  // When what is held may begin: the window itself is not what is raced for.
  const later = { ...deps, now: () => new Date(Date.now() + 3_600_000 + 1500) };
  const attestor = createAttestor(parts.keys.attestation);
  const counts = { withdrawn: 0, redeemed: 0 };
  let asked = 0;
  /** A verdict that a busy machine made too late is a refusal: then it is asked anew. */
  const released = async (name: string): Promise<{ id: string; jti: string } | undefined> => {
    const key = `${name}-${(asked += 1)}`;
    const id = actionIdOf(key);
    const request: ActionRequest = {
      ...(REFUND as ActionRequest),
      surface: 'test.held',
      resource: { type: 'order', id: key },
      params: { amount: 1 },
    };
    const started = { request, tenant: 'default', idempotencyKey: key, token: `Bearer ${String(it_.stack.firstKey)}` };
    const createdAt = new Date().toISOString();
    await judge(deps, { ...started, id, createdAt, workflowId: workflowIdOf('default', id) });
    const jti = (await readLife(deps, 'default', id))?.release?.permit.jti;
    return jti === undefined ? undefined : { id, jti };
  };
  const race = async (n: number): Promise<void> => {
    const { id, jti } = await eventually('a held release', () => released(`race-${n}`));
    const action = { tenant: 'default', id };
    const attestation = await attestor.attest({
      ...{ kind: 'cancel', tenant: 'default', action: id, by: LEAD, via: 'api' },
    });
    const withdraw = async (): Promise<boolean> =>
      (await sealDecision(deps, { action, attestation, kind: 'cancel' })).refusal === undefined;
    const redeem = (): Promise<boolean> =>
      redeemPermit(later, { ...action, jti, by: 'key:test', redeemer: null, check: () => undefined }).then(
        () => true,
        () => false,
      );
    const [first, second] = await Promise.all(n % 2 === 0 ? [withdraw(), redeem()] : [redeem(), withdraw()]);
    const [withdrawn, redeemed] = n % 2 === 0 ? [first, second] : [second, first];
    expect([withdrawn, redeemed].filter(Boolean), id).toHaveLength(1);
    counts[withdrawn ? 'withdrawn' : 'redeemed'] += 1;
    const after = await readLife(deps, 'default', id);
    expect(after?.state.action.status).toBe(withdrawn ? 'cancelled' : 'released');
    expect(after?.redemption === null).toBe(withdrawn);
  };
  for (let n = 0; n < RACES; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => race(n + i)));
  }
  expect(counts.withdrawn + counts.redeemed).toBe(RACES);
});
