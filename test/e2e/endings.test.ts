import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permitVerifier, ReplayCache } from '../../src/client/verify/index.ts';
import { createClient } from '../../src/main/engine.ts';
import { eventually } from '../support/eventually.ts';
import { expired } from '../support/permits.ts';
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
      expires: 6s
notify: ['#finance-approvals']
permit: 2s
collectWithin: 4s
outcome: { within: 2s }
`;

/** Permits that one executor may use up by itself. */
const offlinePolicy = (name: string, permit: string): string => `policy: ${name}
surfaces: [${name}]
rules: [{ id: small, when: params.amount <= 100, then: approve }]
effect: { kind: reversible }
release: { offline: true }
permit: ${permit}
outcome: { within: 1s }
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({
    'test.quick.yaml': QUICK,
    'test.offline.yaml': offlinePolicy('test.offline', '5m'),
    'test.briefly.yaml': offlinePolicy('test.briefly', '1s'),
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, COUNTERSIGN_SEARCH_ATTRIBUTES: 'on' });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const quick = (amount: number): object => ({ ...REFUND, surface: 'test.quick', params: { amount } });

/** The action once it has this status. */
const becomes = (id: string, status: string) =>
  eventually(`${id} is ${status}`, async () => {
    const { body } = await it_.call('GET', `/v1/actions/${id}`);
    return body.status === status ? body : undefined;
  });

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

const redeem = (permit: string, more: object = {}) => it_.call('POST', '/v1/permits/redeem', { permit, ...more });
const report = (id: string, permit: string, status: string) =>
  it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status, reference: 'late' });

describe('an outcome that never comes', () => {
  it('is unreported once it was redeemed; a late report is sealed after it', async () => {
    const { body } = await it_.ask(quick(1));
    expect((await redeem(body.permit)).status).toBe(200);
    const unreported = await becomes(body.id, 'unreported');
    expect(unreported.redeemedAt).toEqual(expect.any(String));
    const reported = await report(body.id, body.permit, 'executed');
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
    expect(await typesOf(body.id)).toEqual([
      'verdict',
      'release',
      'redemption',
      'outcome unreported',
      'outcome executed',
    ]);
  });

  it('is settled by an owner as a reconciliation, never as a report', async () => {
    const { body } = await it_.ask(quick(2));
    await redeem(body.permit);
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

describe('a permit that nobody redeems', () => {
  it('dies after its time, and its action lapses when it can be collected no longer', async () => {
    const { body } = await it_.ask(quick(3));
    await expired(body.permit);
    const late = await redeem(body.permit);
    expect([late.status, late.body.code]).toEqual([403, 'permit-expired']);
    const lapsed = await becomes(body.id, 'lapsed');
    expect(lapsed).toMatchObject({ redeemedAt: null });
    const dead = await redeem(body.permit);
    expect([dead.status, dead.body.code]).toEqual([409, 'not-open']);
    expect(await typesOf(body.id)).toEqual(['verdict', 'release', 'outcome lapsed']);
  });

  it.each(['executed', 'failed'])('has nothing %s under it', async (status) => {
    const { body } = await it_.ask(quick(4));
    const reported = await report(body.id, body.permit, status);
    expect([reported.status, reported.body.code]).toEqual([409, 'permit-not-redeemed']);
  });

  it('is dead once its action was skipped', async () => {
    const { body } = await it_.ask(quick(5));
    expect((await report(body.id, body.permit, 'skipped')).body.status).toBe('skipped');
    const redeemed = await redeem(body.permit, { redeemer: 'r' });
    expect([redeemed.status, redeemed.body.code]).toEqual([409, 'not-open']);
  });
});

describe('a redemption', () => {
  it('is answered again to the same redeemer until the outcome is sealed, and to nobody else', async () => {
    const { body } = await it_.ask(quick(6));
    const first = await redeem(body.permit, { redeemer: 'mine' });
    expect([first.status, first.body.request.params.amount]).toEqual([200, 6]);
    const again = await redeem(body.permit, { redeemer: 'mine' });
    expect([again.status, again.body]).toEqual([200, first.body]);
    for (const more of [{}, { redeemer: 'another' }]) {
      const other = await redeem(body.permit, more);
      expect([other.status, other.body.code, other.body.redeemedAt]).toEqual([
        409,
        'permit-already-redeemed',
        first.body.redeemedAt,
      ]);
    }
    await report(body.id, body.permit, 'executed');
    expect((await redeem(body.permit, { redeemer: 'mine' })).status).toBe(409);
  });

  it('is one, of whatever wants to be it at once, and never beside another ending', async () => {
    const { body } = await it_.ask(quick(7));
    const [skipped, ...redeemed] = await Promise.all([
      report(body.id, body.permit, 'skipped'),
      ...Array.from({ length: 20 }, (_, n) => redeem(body.permit, { redeemer: `r${n}` })),
    ]);
    const records = await typesOf(body.id);
    const won = redeemed.filter(({ status }) => status === 200).length;
    expect(won).toBe(records.filter((type) => type === 'redemption').length);
    expect(won).toBeLessThanOrEqual(1);
    expect(skipped?.body.status).toBe('skipped');
  });
});

describe('an approval that outlives its permit', () => {
  it('gives its requester a fresh one while it can be collected, and the one before it is dead', async () => {
    const { body } = await it_.ask(quick(8));
    const fresh = await it_.call('POST', `/v1/actions/${body.id}/permit`);
    expect([fresh.status, fresh.body.status]).toEqual([200, 'released']);
    expect(fresh.body.permit).not.toBe(body.permit);
    const old = await redeem(body.permit);
    expect([old.status, old.body.code]).toEqual([403, 'permit-invalid']);
    expect((await redeem(fresh.body.permit)).status).toBe(200);
    const late = await it_.call('POST', `/v1/actions/${body.id}/permit`);
    expect([late.status, late.body.code]).toEqual([409, 'permit-already-redeemed']);
    expect(await typesOf(body.id)).toEqual(['verdict', 'release', 'release', 'redemption']);
  });

  it('is nobody else’s to collect, and none can be had of what is settled', async () => {
    const { body } = await it_.ask(quick(9));
    const stranger = await it_.call('POST', `/v1/actions/${body.id}/permit`, undefined, {
      token: await it_.person(LEAD),
    });
    expect(stranger.status).toBe(404);
    await report(body.id, body.permit, 'skipped');
    const settled = await it_.call('POST', `/v1/actions/${body.id}/permit`);
    expect([settled.status, settled.body.code]).toEqual([409, 'not-open']);
  });
});

describe('a permit that may be used without the engine', () => {
  const asked = (surface: string) => ({ ...REFUND, surface, params: { amount: 10 } });
  const tell = (id: string, permit: string, more: object) =>
    it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed', ...more });
  const now = (): string => new Date().toISOString();

  it('is used once, while the engine is away; its executor’s report says when, and another one’s is none', async () => {
    let away = false;
    const verify = permitVerifier({
      surface: 'test.offline',
      url: it_.url,
      key: it_.stack.firstKey ?? '',
      offline: new ReplayCache({ now: Date.now() - 60_000 }),
      fetch: (...call) => (away ? Promise.reject(new TypeError('away')) : fetch(...call)),
    });
    const request = asked('test.offline') as Parameters<typeof verify>[0]['request'];
    const first = (await it_.ask(request)).body;
    await verify({ permit: first.permit, request });
    const { body } = await it_.ask(request);
    const same = await it_.call('POST', `/v1/actions/${body.id}/permit`);
    expect(same.body.permit, 'there is only one').toBe(body.permit);
    away = true;
    const granted = await verify({ permit: body.permit, request });
    await expect(verify({ permit: body.permit, request })).rejects.toMatchObject({ code: 'permit-already-redeemed' });
    away = false;
    expect((await it_.call('GET', `/v1/actions/${body.id}`)).body).toMatchObject({
      status: 'released',
      redeemedAt: null,
    });
    const none = await tell(body.id, body.permit, {});
    expect([none.status, none.body.code]).toEqual([409, 'permit-not-redeemed']);
    const before = await tell(body.id, body.permit, { redeemer: 'x', redeemedAt: '2020-01-01T00:00:00Z' });
    expect(before.body.code).toBe('permit-expired');
    const reported = await granted.report({ status: 'executed', reference: 're_1' });
    expect(reported).toMatchObject({ status: 'executed' });
    expect(Date.parse(reported.redeemedAt ?? '')).toBeLessThanOrEqual(Date.now());
    expect(await granted.report({ status: 'executed', reference: 're_1' })).toMatchObject({ status: 'executed' });
    const other = await tell(body.id, body.permit, { reference: 're_1', redeemer: 'other', redeemedAt: now() });
    expect([other.status, other.body.code]).toEqual([409, 'permit-already-redeemed']);
    expect(await typesOf(body.id)).toEqual(['verdict', 'release', 'redemption', 'outcome executed']);
  });

  it('is unreported and not lapsed where nobody says what became of it, and reported late', async () => {
    const { body } = await it_.ask(asked('test.briefly'));
    const { nbf } = JSON.parse(Buffer.from(String(body.permit).split('.')[1] ?? '', 'base64url').toString());
    const usedAt = new Date(nbf * 1000).toISOString();
    await becomes(body.id, 'unreported');
    const fresh = await it_.call('POST', `/v1/actions/${body.id}/permit`);
    expect([fresh.status, fresh.body.code]).toEqual([409, 'not-open']);
    const late = await tell(body.id, body.permit, { redeemer: 'mine', redeemedAt: usedAt });
    expect([late.status, late.body.status, late.body.redeemedAt]).toEqual([200, 'executed', usedAt]);
    expect(await typesOf(body.id)).toEqual([
      'verdict',
      'release',
      'outcome unreported',
      'redemption',
      'outcome executed',
    ]);
    const row = await it_.stack.parts.store.actions.get('default', body.id);
    expect(row?.status).toBe('executed');
  });

  it('is redeemed at the engine like any other', async () => {
    const { body } = await it_.ask(asked('test.offline'));
    expect((await redeem(body.permit, { redeemer: 'mine' })).status).toBe(200);
    const other = await tell(body.id, body.permit, { redeemer: 'other', redeemedAt: now() });
    expect([other.status, other.body.code]).toEqual([409, 'permit-already-redeemed']);
    expect((await tell(body.id, body.permit, { redeemer: 'mine' })).status).toBe(200);
  });
});

describe('visibility', () => {
  const found = async (query: string): Promise<string[]> => {
    const { parts, temporal } = it_.stack;
    const ids: string[] = [];
    for await (const one of createClient(parts, temporal.connection, temporal.namespace).workflow.list({ query })) {
      ids.push(`act_${one.workflowId.split('/').at(-1) ?? ''}`);
    }
    return ids;
  };

  it('finds an action by tenant, surface and the status that it has now', async () => {
    const [parked, released] = [(await it_.ask(quick(150))).body.id, (await it_.ask(quick(15))).body.id];
    const of = (status: string): string =>
      `CountersignTenant = 'default' AND CountersignSurface = 'test.quick' AND CountersignStatus = '${status}'`;
    for (const [id, status] of [
      [parked, 'expired'],
      [released, 'lapsed'],
    ] as const) {
      await becomes(id, status);
      await eventually(`${id} is found as ${status}`, async () => (await found(of(status))).includes(id) || undefined);
      for (const before of ['evaluating', 'supervised', 'released']) expect(await found(of(before))).not.toContain(id);
    }
    expect(await found(`CountersignTenant = 'acme'`)).toEqual([]);
  });
});
