import { beforeAll, describe, expect, it } from 'vitest';
import { approverTests } from '../support/approver.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

let it_: SharedStack;
beforeAll(async () => {
  it_ = await sharedStack();
});

function slackIdOf(person: string): string {
  const user = it_.stack.parts.directory.current('default').person(person)?.slack?.user;
  if (user === undefined) throw new Error(`${person} has no Slack id`);
  return user;
}

const messageOf = (id: string) => sandboxDriver(it_.sandbox).messageOf(id);

async function parked(amount = 420.5) {
  const asked = await it_.ask(refund(amount));
  expect(asked.status).toBe(202);
  const message = await messageOf(asked.body.id);
  return { id: asked.body.id as string, message };
}

describe('an approver in Slack', () => {
  approverTests(() => ({ stack: it_, slack: sandboxDriver(it_.sandbox) }));
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
