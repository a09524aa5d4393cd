import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CFO, LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let it_: TestStack;
beforeAll(async () => {
  it_ = await startTestStack();
});
afterAll(() => it_.stop());

const CHANNEL = 'finance-approvals';

function slackIdOf(person: string): string {
  const user = it_.stack.parts.directory.current().person(person)?.slack?.user;
  if (user === undefined) throw new Error(`${person} has no Slack id`);
  return user;
}

const messageOf = (id: string) =>
  it_.sandbox.control.waitFor(
    () =>
      it_.sandbox.control
        .messages(CHANNEL)
        .find((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(id)),
    30_000,
  );

const until = <T>(read: () => T | undefined | null | false) => it_.sandbox.control.waitFor(read, 30_000);

async function parked(amount = 420.5) {
  const asked = await it_.ask(refund(amount));
  expect(asked.status).toBe(202);
  const message = await messageOf(asked.body.id);
  return { id: asked.body.id as string, message };
}

describe('an approver in Slack', () => {
  it('approves by one click; the message shows who, when and why, and loses its buttons', async () => {
    const { id, message } = await parked();
    const clicked = await it_.sandbox.control.click({
      user: slackIdOf(LEAD),
      channel: message.channel,
      ts: message.ts,
      actionId: 'approve',
    });
    expect(clicked.ok).toBe(true);
    const action = await it_.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body).toMatchObject({
      status: 'released',
      approval: { stages: [{ decisions: [{ by: LEAD, decision: 'approve', via: 'slack' }] }] },
    });
    const shown = await until(() => {
      const now = it_.sandbox.control.messages(CHANNEL).find(({ ts }) => ts === message.ts);
      return now !== undefined && !JSON.stringify(now.blocks).includes('"approve"') && now;
    });
    expect(JSON.stringify(shown.blocks)).toContain(it_.stack.parts.directory.current().person(LEAD)?.name);
    const records = (await it_.call('GET', `/v1/records?action=${id}&type=decision`)).body.records;
    expect(records[0].record).toMatchObject({
      decision: 'approve',
      by: LEAD,
      via: 'slack',
      slack: { user: slackIdOf(LEAD), channel: message.channel, message: message.ts },
      shown: { renderer: expect.stringMatching(/^slack\//), hash: expect.stringMatching(/^sha256:/) },
    });
    expect(records[0].record.responsibility).toContain('responsibility');
  });

  it('refuses in a modal that wants a reason', async () => {
    const { id, message } = await parked(300);
    const user = slackIdOf(CFO);
    await it_.sandbox.control.click({ user, channel: message.channel, ts: message.ts, actionId: 'refuse_form' });
    const modal = await until(() => it_.sandbox.control.modal(user));
    const empty = await it_.sandbox.control.submit({ user, viewId: modal.id, values: {} });
    expect(empty.outcome).toBe('errors');
    const values = Object.fromEntries([['reason', 'not our customer']]);
    await it_.sandbox.control.submit({ user, viewId: modal.id, values });
    const action = await it_.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body).toMatchObject({ status: 'refused', permit: null });
    expect(action.body.approval.stages[0].decisions[0]).toMatchObject({
      by: CFO,
      decision: 'refuse',
      reason: 'not our customer',
    });
  });

  it('is told privately when not asked, and nothing changes', async () => {
    const { id, message } = await parked(310);
    const user = slackIdOf('user:risk-officer@acme.test');
    await it_.sandbox.control.click({ user, channel: message.channel, ts: message.ts, actionId: 'approve' });
    await until(() => it_.sandbox.control.ephemerals(user).at(-1));
    const action = await it_.call('GET', `/v1/actions/${id}`);
    expect(action.body).toMatchObject({ status: 'supervised', approval: { stages: [{ decisions: [] }] } });
  });

  it('is told who decided when late, and one of two clicks at once counts', async () => {
    const { id, message } = await parked(320);
    const click = (person: string) =>
      it_.sandbox.control.click({
        user: slackIdOf(person),
        channel: message.channel,
        ts: message.ts,
        actionId: 'approve',
      });
    await Promise.all([click(LEAD), click(CFO)]);
    const action = await it_.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body.status).toBe('released');
    expect(action.body.approval.stages[0].decisions).toHaveLength(1);
    const loser = action.body.approval.stages[0].decisions[0].by === LEAD ? CFO : LEAD;
    await until(() => it_.sandbox.control.ephemerals(slackIdOf(loser)).at(-1));
  });
});

describe('a payload that Slack did not send now', () => {
  it.each([
    ['a wrong signature', { secret: 'ffffffffffffffffffffffffffffffff' }],
    ['a timestamp of ten minutes ago', { timestamp: Math.floor(Date.now() / 1000) - 600 }],
    ['a timestamp of ten minutes ahead', { timestamp: Math.floor(Date.now() / 1000) + 600 }],
  ])('with %s gets 401 and changes nothing', async (_what, forge) => {
    const { id, message } = await parked(330);
    const before = it_.sandbox.control.deliveries.length;
    const payload = {
      type: 'block_actions',
      user: { id: slackIdOf(LEAD), team_id: 'T0SANDBOX' },
      team: { id: 'T0SANDBOX' },
      channel: { id: message.channel },
      message: { ts: message.ts },
      container: { type: 'message', message_ts: message.ts, channel_id: message.channel },
      actions: [{ action_id: 'approve', block_id: 'controls', value: JSON.stringify({ action: id }) }],
    };
    const answer = await it_.sandbox.control.deliver('interaction', payload, forge);
    expect(answer.status).toBe(401);
    expect(before).toBeGreaterThanOrEqual(0);
    expect((await it_.call('GET', `/v1/actions/${id}`)).body.status).toBe('supervised');
  });

  it('replayed to the letter gets 401', async () => {
    const { id, message } = await parked(340);
    it_.sandbox.control.inject({ deliver: 'replay', times: 1 });
    const clicked = await it_.sandbox.control.click({
      user: slackIdOf(LEAD),
      channel: message.channel,
      ts: message.ts,
      actionId: 'approve',
    });
    it_.sandbox.control.clearFaults();
    expect(clicked.deliveries.map(({ status }) => status).sort()).toEqual([200, 401]);
    const action = await it_.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body.approval.stages[0].decisions).toHaveLength(1);
  });
});

describe('an outage of Slack', () => {
  it('delays what people read and loses nothing; the API still decides', async () => {
    it_.sandbox.control.inject({ outage: true });
    const asked = await it_.ask(refund(350));
    expect(asked.status).toBe(202);
    const decided = await it_.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await it_.person(LEAD) },
    );
    expect(decided.body.status).toBe('released');
    it_.sandbox.control.inject({ outage: false });
    await messageOf(asked.body.id);
  });
});
