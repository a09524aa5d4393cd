/** Several steps reviewed as one: verdicts of each and of the whole, permits in order, and what ends a plan. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, startTestStack, type TestStack } from '../support/stack.ts';

const POLICY = `policy: test.plans
surfaces: [test.plans]
limits:
  spent: { key: [resource.owner], sum: params.amount, window: 24h, max: 1000 }
rules:
  - { id: never, when: params.amount > 900, then: refuse, because: too much for one step }
  - { id: spent, when: '!limit("spent").fits', then: refuse, because: the day is spent }
  - { id: small, when: params.amount <= 10, then: approve }
  - id: people
    when: 'true'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
    notify: ['#finance-approvals']
effect: { kind: irreversible }
disclose: [params.amount, params.memo, resource.id]
refusalStands: 0
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({ 'test.plans.yaml': POLICY });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const step = (amount: number, owner: string = randomUUID(), more: object = {}) => ({
  surface: 'test.plans',
  action: 'money.move',
  actor: { id: 'agent:mover', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
  resource: { type: 'account', id: `acc_${randomUUID()}`, owner },
  params: { amount },
  ...more,
});

const post = (steps: unknown[], rules: object = {}, key: string = randomUUID()) =>
  it_.call('POST', '/v1/plans', { steps, ...rules }, { headers: { 'idempotency-key': key } });
const read = async (id: string) => (await it_.call('GET', `/v1/plans/${id}`)).body;
const decide = async (id: string, input: object, person = LEAD) =>
  it_.call('POST', `/v1/plans/${id}/decisions`, input, { token: await it_.person(person) });
const statuses = (plan: { steps: { status: string }[] }): string[] => plan.steps.map(({ status }) => status);

/** Redeems the permit of a step and reports. */
async function carryOut(plan: string, index: number, status = 'executed'): Promise<void> {
  const { id, permit } = await eventually(`step ${index} is released`, async () => {
    const found = (await read(plan)).steps[index];
    return found.status === 'released' ? found : undefined;
  });
  expect((await it_.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
  expect((await it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status })).body.status).toBe(status);
}

const stands = (id: string, expected: string[]) =>
  eventually(`${id} stands as ${expected.join(', ')}`, async () => {
    const plan = await read(id);
    return JSON.stringify(statuses(plan)) === JSON.stringify(expected) ? plan : undefined;
  });

describe('a plan', () => {
  it('has a verdict for each step and for the whole, and gives permits in order', async () => {
    const key = randomUUID();
    const owner = randomUUID();
    const steps = [step(1, owner), step(2, owner), step(3, owner)];
    const { status, body } = await post(steps, { title: 'three payments' }, key);
    expect([status, body.status, body.of]).toEqual([200, 'released', 3]);
    expect(body.verdict).toMatchObject({ decision: 'approve', effect: 'irreversible', approve: 3, refuse: 0 });
    expect(body.verdict.limits).toEqual([{ limit: 'test.plans/spent', sum: '6', left: '994', max: '1000' }]);
    expect(statuses(body)).toEqual(['released', 'evaluating', 'evaluating']);
    expect(body.steps.map(({ permit }: { permit: string | null }) => permit !== null)).toEqual([true, false, false]);
    expect(body.steps[1].plan).toEqual({ plan: body.id, index: 1, of: 3 });

    const again = await post(steps, { title: 'three payments' }, key);
    expect([again.status, again.body.id, again.body.whole]).toEqual([200, body.id, body.whole]);
    const other = await post([step(9)], {}, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);

    for (const index of [0, 1, 2]) await carryOut(body.id, index);
    expect((await stands(body.id, ['executed', 'executed', 'executed'])).status).toBe('executed');
  });

  it('begins nothing where one step does not fit', async () => {
    const bad = await post([step(1), { ...step(2), surface: 'Not A Surface' }]);
    expect([bad.status, bad.body.code]).toEqual([400, 'invalid-request']);
    expect(bad.body.errors[0].pointer).toBe('/steps/1/surface');
    const hundred = await post(Array.from({ length: 101 }, () => step(1)));
    expect([hundred.status, hundred.body.errors[0].pointer]).toEqual([400, '/steps']);
    const urgent = await post([step(1, 'x', { context: { urgency: 'emergency', reason: 'now' } })]);
    expect(urgent.body.errors[0].pointer).toBe('/steps/0/context/urgency');
  });

  it('that policy refuses in part is withdrawn, unless it goes on without', async () => {
    const refused = await post([step(1), step(950), step(2)]);
    expect(refused.body.verdict).toMatchObject({ decision: 'refuse', basis: 'rule', approve: 2, refuse: 1 });
    await stands(refused.body.id, ['cancelled', 'refused', 'cancelled']);
    const going = await post([step(1), step(950), step(2)], { onFailure: 'continue' });
    await carryOut(going.body.id, 0);
    await carryOut(going.body.id, 2);
    expect((await stands(going.body.id, ['executed', 'refused', 'executed'])).status).toBe('partial');
  });

  it('withdraws the rest when a step fails', async () => {
    const { body } = await post([step(1), step(50), step(2)]);
    expect(body.status).toBe('supervised');
    await decide(body.id, { decision: 'approve' });
    await carryOut(body.id, 0, 'failed');
    const plan = await stands(body.id, ['failed', 'cancelled', 'cancelled']);
    expect(plan.status).toBe('failed');
    const { records } = (await it_.call('GET', `/v1/records?action=${plan.steps[1].id}`)).body;
    expect(records[0].record).toMatchObject({
      decision: 'cancelled',
      by: 'countersign',
      reason: 'step 1 of its plan failed',
    });
  });

  it('refuses a step that its executor would do otherwise than it was reviewed', async () => {
    const { body } = await post([step(1), step(2)]);
    const [{ permit, id }] = body.steps;
    const other = await it_.call('POST', '/v1/permits/redeem', { permit, request: step(9) });
    expect([other.status, other.body.code]).toEqual([403, 'permit-request-differs']);
    const plan = await stands(body.id, ['refused', 'cancelled']);
    expect(plan.steps[0].verdict).toMatchObject({ decision: 'refuse', basis: 'plan' });
    expect((await it_.call('POST', '/v1/permits/redeem', { permit })).body.code).toBe('not-open');
    expect((await it_.call('GET', `/v1/actions/${id}`)).body.plan).toEqual({ plan: body.id, index: 0, of: 2 });
  });

  it('is approved in part: what a person refuses is left out', async () => {
    const { status, body } = await post([step(20), step(30), step(40)]);
    expect([status, body.status]).toEqual([202, 'supervised']);
    const own = await decide(body.id, { decision: 'approve' }, 'user:requester@acme.test');
    expect([own.status, own.body.code]).toEqual([403, 'own-request']);
    const blank = await decide(body.id, { decision: 'refuse' });
    expect([blank.status, blank.body.code]).toEqual([422, 'reason-required']);
    const answer = await decide(body.id, {
      decision: 'approve',
      steps: [0, 2],
      rest: 'refuse',
      reason: 'not that one',
    });
    expect(answer.status).toBe(200);
    expect(answer.body.decided.map(({ code }: { code: string | null }) => code)).toEqual([null, null, null]);
    const twice = await decide(body.id, { decision: 'approve' }, CFO);
    expect([twice.status, twice.body.code]).toEqual([409, 'not-open']);
    await carryOut(body.id, 0);
    await carryOut(body.id, 2);
    expect((await stands(body.id, ['executed', 'refused', 'executed'])).status).toBe('partial');
  });

  it('with more than a message holds is read page by page in Slack before it can be approved there', async () => {
    const memo = `${'m'.repeat(9000)} the end`;
    const { body } = await post([step(60, 'x', { params: { amount: 60, memo } }), step(61)], { order: 'any' });
    const blind = await decide(body.id, { decision: 'approve', steps: [0] });
    expect(blind.body.code).toBe('not-shown-whole');
    const { control } = it_.sandbox;
    const user = it_.stack.parts.directory.current('default').person(LEAD)?.slack?.user ?? '';
    const shown = await eventually('the message of the plan', () =>
      control.messages('finance-approvals').find(({ blocks }) => JSON.stringify(blocks).includes(body.id)),
    );
    await control.click({ user, channel: shown.channel, ts: shown.ts, actionId: 'plan_form' });
    const page = (words: string) =>
      eventually(words, () => {
        const open = control.modal(user);
        return JSON.stringify(open ?? {}).includes(words) ? open : undefined;
      });
    const first = await page('Read: 1 of');
    expect(JSON.stringify(first?.blocks)).not.toContain('approve');
    const pages = Number(/Read: 1 of (\d+)/.exec(JSON.stringify(first))?.[1]);
    let text = JSON.stringify(first?.blocks);
    for (let at = 2; at <= pages; at += 1) {
      await control.submit({ user, viewId: String(control.modal(user)?.id), values: {} });
      text += JSON.stringify((await page(`Read: ${at} of`))?.blocks);
    }
    expect(text).toContain('the end');
    await control.submit({ user, viewId: String(control.modal(user)?.id), values: {} });
    const last = await page('Decide the plan');
    await control.submit({ user, viewId: String(last?.id), values: { decision: 'approve' } });
    await stands(body.id, ['released', 'released']);
    await it_.call('POST', `/v1/plans/${body.id}/cancel`, {});
  });

  it('is withdrawn by the side that asked, and by nobody else', async () => {
    const { body } = await post([step(20), step(1)], { order: 'any' });
    const stranger = await it_.call('POST', `/v1/plans/${body.id}/cancel`, {}, { token: await it_.person(LEAD) });
    expect(stranger.status).toBe(403);
    const { body: cancelled } = await it_.call('POST', `/v1/plans/${body.id}/cancel`, { reason: 'changed my mind' });
    expect(statuses(cancelled)).toEqual(['cancelled', 'cancelled']);
  });

  it('that is open goes on step by step: each is reviewed when it comes, and what was reviewed stands', async () => {
    const [one, two, three] = [step(1), step(2), step(30)];
    const { body } = await post([one], { open: true, title: 'as they come' });
    expect([body.of, body.open, statuses(body)]).toEqual([1, true, ['released']]);
    const add = (at: number, steps: object[]) => it_.call('POST', `/v1/plans/${body.id}/steps`, { at, steps });

    const added = await add(1, [two]);
    expect([added.status, added.body.of, statuses(added.body)]).toEqual([200, 2, ['released', 'evaluating']]);
    expect(added.body.whole).not.toBe(body.whole);
    // The same again is the same; another one there is refused, and so is one further on.
    expect((await add(1, [two])).body.steps[1].records).toEqual(added.body.steps[1].records);
    const codes = [await add(1, [step(2)]), await add(0, [one]), await add(5, [step(2)]), await add(2, [])];
    expect(codes.map(({ status }) => status)).toEqual([409, 400, 409, 400]);

    // It had ended, and goes on with what comes then: the next waits for people.
    await carryOut(body.id, 0);
    await carryOut(body.id, 1);
    await stands(body.id, ['executed', 'executed']);
    const third = await add(2, [three, step(3)]);
    expect([third.status, third.body.status]).toEqual([202, 'supervised']);
    expect(third.body.verdict.limits).toHaveLength(4);
    expect((await decide(body.id, { decision: 'approve' })).status).toBe(200);
    // A step that fails withdraws what is left, and nothing joins any more.
    await carryOut(body.id, 2, 'failed');
    await stands(body.id, ['executed', 'executed', 'failed', 'cancelled']);
    const late = await add(4, [step(4)]);
    expect([late.status, late.body.code]).toEqual([409, 'not-open']);
    const { body: closed } = await post([step(1)]);
    const never = await it_.call('POST', `/v1/plans/${closed.id}/steps`, { at: 1, steps: [two] });
    expect([never.status, never.body.code]).toEqual([409, 'not-open']);
    const other = { token: await it_.person(LEAD) };
    const stranger = await it_.call('POST', `/v1/plans/${body.id}/steps`, { at: 4, steps: [two] }, other);
    expect(stranger.status).toBe(403);
  });

  it('that is open is added to by one of many at once', async () => {
    const { body } = await post([step(1)], { open: true });
    const raced = await Promise.all(
      Array.from({ length: 4 }, (_, at) =>
        it_.call('POST', `/v1/plans/${body.id}/steps`, { at: 1, steps: [step(2 + at)] }),
      ),
    );
    expect(raced.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409]);
    await carryOut(body.id, 0);
    await carryOut(body.id, 1);
    await stands(body.id, ['executed', 'executed']);
  });

  it('is asked, added to, shown, decided and withdrawn on the command line', async () => {
    const cli = async (args: string[], input?: object, token = it_.stack.firstKey ?? '') => {
      const io = {
        env: { COUNTERSIGN_API_KEY: token },
        ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      };
      return countersign(['plan', ...args, '--url', it_.url, '--json'], io);
    };
    const asked = await cli(['ask', '-'], { steps: [step(1)], open: true });
    const { id } = JSON.parse(asked.out);
    expect(asked.code).toBe(0);
    const added = await cli(['add', id, '-', '--after', '1'], { steps: [step(20), step(30)] });
    expect([added.code, statuses(JSON.parse(added.out))]).toEqual([4, ['released', 'supervised', 'supervised']]);
    const { control } = it_.sandbox;
    const message = await eventually('the message of the plan', () =>
      control.messages('finance-approvals').find(({ blocks }) => JSON.stringify(blocks).includes(id)),
    );
    expect((await cli(['add', id, '-', '--after', 'none'], { steps: [step(1)] })).code).toBe(2);
    const some = ['approve', id, '--step', '2', '--others', 'refuse', '--reason', 'not the third'];
    const decided = await cli(some, undefined, await it_.person(LEAD));
    expect(decided.code).toBe(0);
    const shown = await cli(['show', id]);
    expect(statuses(JSON.parse(shown.out))).toEqual(['released', 'supervised', 'refused']);
    expect((await cli(['refuse', id, '--reason', 'too late'], undefined, await it_.person(CFO))).code).not.toBe(0);
    // Its message is edited, which calls nobody: a line of its thread does.
    expect((await cli(['add', id, '-', '--after', '3'], { steps: [step(40)] })).code).toBe(4);
    await eventually('people are called to the step that joined', () =>
      control
        .messages('finance-approvals')
        .find(({ threadTs, blocks }) => threadTs === message.ts && /Now asked to decide/.test(JSON.stringify(blocks))),
    );
    const withdrawn = await cli(['cancel', id, '--reason', 'changed my mind']);
    const ended = ['cancelled', 'cancelled', 'refused', 'cancelled'];
    expect([withdrawn.code, statuses(JSON.parse(withdrawn.out))]).toEqual([0, ended]);
  }, 240_000);

  it('that races another one for a limit never takes more of it than there is', async () => {
    const owner = randomUUID();
    const steps = () => Array.from({ length: 6 }, () => step(100, owner));
    const raced = await Promise.all([
      post(steps(), { onFailure: 'continue' }),
      post(steps(), { onFailure: 'continue' }),
    ]);
    const asked = raced.flatMap(({ body }) => body.steps.map((one: { asked: string }) => one.asked));
    expect(asked.filter((one) => one === 'supervise')).toHaveLength(10);
    expect(asked.filter((one) => one === 'refuse')).toHaveLength(2);
    // What a broken plan took is given back.
    for (const { body } of raced) await it_.call('POST', `/v1/plans/${body.id}/cancel`, {});
    const { body } = await post([step(100, owner)]);
    expect(body.verdict.limits).toEqual([{ limit: 'test.plans/spent', sum: '100', left: '900', max: '1000' }]);
  });

  it('of a hundred steps is one message, decided with one click, and each step is sealed', async () => {
    const { body } = await post(
      Array.from({ length: 100 }, (_, at) => step(11 + at / 100)),
      { title: 'a hundred payments' },
    );
    expect([body.of, body.verdict.supervise]).toEqual([100, 100]);
    const { control } = it_.sandbox;
    const user = it_.stack.parts.directory.current('default').person(LEAD)?.slack?.user ?? '';
    const shown = await eventually('the message of the plan', () =>
      control.messages('finance-approvals').find(({ blocks }) => JSON.stringify(blocks).includes(body.id)),
    );
    const cards = (shown.blocks as { type: string; tasks?: { type: string; status: string }[] }[]).flatMap(
      ({ type, tasks = [] }) => (type === 'plan' ? tasks : []),
    );
    expect(cards.map(({ type, status }) => `${type} ${status}`)).toEqual(Array(100).fill('task_card pending'));
    await control.click({ user, channel: shown.channel, ts: shown.ts, actionId: 'plan_form' });
    const modal = await eventually('the form', () => {
      const open = control.modal(user);
      return JSON.stringify(open?.blocks ?? []).includes('plan_9') ? open : undefined;
    });
    await control.submit({ user, viewId: modal?.id ?? '', values: { decision: 'approve' } });
    const decided = await eventually(
      'all are decided, and the first is released',
      async () => {
        const plan = await read(body.id);
        const said = plan.steps.flatMap((one: { approval: { stages: { decisions: object[] }[] } }) =>
          one.approval.stages.flatMap(({ decisions }) => decisions),
        );
        return said.length === 100 && plan.steps[0].status === 'released' ? { plan, said } : undefined;
      },
      { withinMs: 180_000, everyMs: 1000 },
    );
    expect(decided.said[0]).toMatchObject({ by: LEAD, decision: 'approve', via: 'slack' });
    expect(new Set(statuses(decided.plan).slice(1))).toEqual(new Set(['supervised']));
    await carryOut(body.id, 0);
    await carryOut(body.id, 1);
    const { body: left } = await it_.call('POST', `/v1/plans/${body.id}/cancel`, {});
    expect(statuses(left).filter((status) => status === 'cancelled')).toHaveLength(98);
    // It is kept up to date, to its end.
    await eventually('the message says how it ended', () =>
      control
        .messages('finance-approvals')
        .find(({ ts, blocks }) => ts === shown.ts && JSON.stringify(blocks[0]).includes('2 of 100 done')),
    );
  }, 300_000);

  it('leaves a log in which an auditor finds nothing, and rows that say what it says', async () => {
    const { out } = await countersign(['audit', '--url', it_.url, '--json'], {
      env: { COUNTERSIGN_API_KEY: it_.stack.firstKey ?? '' },
    });
    expect((JSON.parse(out) as { findings: object[] }).findings).toEqual([]);
  });
});
