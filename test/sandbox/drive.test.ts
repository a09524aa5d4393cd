import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVAL_BLOCKS, httpBench, socketBench, type Bench } from './support.ts';
import { untyped } from '../support/untyped.ts';

const REASON_MODAL = {
  type: 'modal' as const,
  callback_id: 'reason',
  private_metadata: 'act_1',
  notify_on_close: true,
  title: { type: 'plain_text' as const, text: 'Refuse' },
  submit: { type: 'plain_text' as const, text: 'Refuse' },
  blocks: [
    {
      type: 'input' as const,
      block_id: 'why',
      label: { type: 'plain_text' as const, text: 'Why' },
      element: { type: 'plain_text_input' as const, action_id: 'text', min_length: 3 },
    },
  ],
};

/** A small approval app, as Bolt's documentation would write it. */
function approvals(bench: Bench): { seen: Record<string, unknown>[] } {
  const seen: Record<string, unknown>[] = [];
  const { app } = bench;
  app.action('approve', async ({ ack, body, client, respond }) => {
    seen.push(untyped<Record<string, unknown>>(body));
    if (body.user.id !== 'U0ANNA') {
      await respond({ response_type: 'ephemeral', replace_original: false, text: 'You are not an approver.' });
      await ack();
      return;
    }
    if (body.type === 'block_actions' && body.channel && body.message) {
      await client.chat.update({
        channel: body.channel.id,
        ts: body.message.ts,
        text: `Approved by <@${body.user.id}>`,
        blocks: [],
      });
    }
    await ack();
  });
  app.action('refuse', async ({ ack, body, client }) => {
    if (body.type === 'block_actions') await client.views.open({ trigger_id: body.trigger_id, view: REASON_MODAL });
    await ack();
  });
  app.view('reason', async ({ ack, body, view, client }) => {
    seen.push(untyped<Record<string, unknown>>(body));
    const why = view.state.values['why']?.['text']?.value ?? '';
    if (why.includes('later')) {
      await ack({ response_action: 'errors', errors: { why: 'Say why, not when.' } });
      return;
    }
    await client.chat.postMessage({ channel: 'U0ANNA', text: `refused: ${why}` });
    await ack();
  });
  app.view({ callback_id: 'reason', type: 'view_closed' }, async ({ ack, body }) => {
    seen.push(untyped<Record<string, unknown>>(body));
    await ack();
  });
  app.command('/countersign', async ({ ack, command }) => {
    await ack({ response_type: 'ephemeral', text: `You typed ${command.text}` });
  });
  app.event('app_home_opened', async ({ event, client }) => {
    await client.views.publish({
      user_id: event.user,
      view: { type: 'home', blocks: [{ type: 'header', text: { type: 'plain_text', text: 'Waiting for you' } }] },
    });
  });
  app.event('app_mention', async ({ event, client }) => {
    await client.chat.postMessage({ channel: event.channel, thread_ts: event.ts, text: 'Yes?' });
  });
  return { seen };
}

describe.each([
  ['signed HTTP', httpBench],
  ['Socket Mode', socketBench],
])('a Bolt app over %s', (_name, start) => {
  let bench: Bench;
  let seen: Record<string, unknown>[];
  beforeAll(async () => {
    bench = await start();
    ({ seen } = approvals(bench));
  });
  afterAll(async () => {
    await bench.stop();
  });

  async function post(): Promise<{ channel: string; ts: string }> {
    const { channel, ts } = await bench.app.client.chat.postMessage({
      token: bench.sandbox.botToken,
      channel: '#finance-approvals',
      text: 'Refund 420.50 USD?',
      blocks: untyped(APPROVAL_BLOCKS),
    });
    return { channel: String(channel), ts: String(ts) };
  }

  it('updates the message that an approver clicked', async () => {
    const { control } = bench.sandbox;
    const at = await post();
    const result = await control.click({ user: 'U0ANNA', ...at, actionId: 'approve' });
    expect(result).toMatchObject({ ok: true, status: 200 });
    const message = control.messages(at.channel).find((entry) => entry.ts === at.ts);
    expect(message).toMatchObject({ text: 'Approved by <@U0ANNA>', blocks: [], edited: { user: 'U0SANDBOXBOT' } });
  });

  it('sends block_actions as Slack does', async () => {
    const at = await post();
    await bench.sandbox.control.click({ user: 'U0ANNA', ...at, actionId: 'approve', blockId: 'decide' });
    expect(seen.at(-1)).toMatchObject({
      type: 'block_actions',
      team: { id: 'T0SANDBOX', domain: 'sandbox' },
      user: { id: 'U0ANNA', username: 'anna', name: 'anna', team_id: 'T0SANDBOX' },
      api_app_id: 'A0SANDBOX',
      token: expect.any(String) as string,
      container: { type: 'message', message_ts: at.ts, channel_id: at.channel, is_ephemeral: false },
      channel: { id: at.channel, name: 'finance-approvals' },
      message: { ts: at.ts, bot_id: 'B0SANDBOX', blocks: APPROVAL_BLOCKS },
      response_url: expect.stringMatching(/^http:.*\/actions\/T0SANDBOX\//) as string,
      trigger_id: expect.stringMatching(/^\d+\.\d+\.[0-9a-f]{32}$/) as string,
      state: { values: {} },
      actions: [
        {
          type: 'button',
          action_id: 'approve',
          block_id: 'decide',
          value: 'act_1',
          style: 'primary',
          text: { type: 'plain_text', text: 'Approve' },
          action_ts: expect.stringMatching(/^\d+\.\d{6}$/) as string,
        },
      ],
    });
  });

  it('tells anyone else, and only them, that they may not', async () => {
    const { control } = bench.sandbox;
    const at = await post();
    await control.click({ user: 'U0BOB', ...at, actionId: 'approve' });
    const told = await control.waitFor(() => control.ephemerals('U0BOB').at(-1));
    expect(told.text).toBe('You are not an approver.');
    expect(control.ephemerals('U0ANNA')).toEqual([]);
    expect(control.messages(at.channel).find((entry) => entry.ts === at.ts)?.blocks).toEqual(APPROVAL_BLOCKS);
  });

  it('opens a modal, shows its errors, keeps what was typed, and closes it', async () => {
    const { control } = bench.sandbox;
    const at = await post();
    await control.click({ user: 'U0ANNA', ...at, actionId: 'refuse' });
    const modal = await control.waitFor(() => control.modal('U0ANNA'));
    const viewId = modal.id;
    expect(modal).toMatchObject({ privateMetadata: 'act_1', callbackId: 'reason' });

    const empty = await control.submit({ user: 'U0ANNA', viewId });
    expect(empty).toMatchObject({ sent: false, outcome: 'errors', errors: { why: expect.any(String) as string } });
    const short = await control.submit({ user: 'U0ANNA', viewId, values: { why: 'no' } });
    expect(short).toMatchObject({ sent: false, errors: { why: 'Please use at least 3 characters.' } });

    const refused = await control.submit({ user: 'U0ANNA', viewId, values: { why: 'later' } });
    expect(refused).toMatchObject({ sent: true, outcome: 'errors', errors: { why: 'Say why, not when.' } });
    expect(control.modal('U0ANNA')?.values['why']?.['text']?.['value']).toBe('later');

    const done = await control.submit({ user: 'U0ANNA', viewId, values: { text: 'wrong order' } });
    expect(done).toMatchObject({ sent: true, outcome: 'closed' });
    expect(control.modal('U0ANNA')).toBeUndefined();
    expect(seen.at(-1)).toMatchObject({
      type: 'view_submission',
      view: {
        id: viewId,
        private_metadata: 'act_1',
        state: { values: { why: { text: { type: 'plain_text_input', value: 'wrong order' } } } },
      },
    });
    expect(seen.at(-1)).not.toHaveProperty('channel');
    expect(seen.at(-1)).not.toHaveProperty('message');
    expect(control.messages(control.im('U0ANNA').id).at(-1)?.text).toBe('refused: wrong order');
  });

  it('says when a modal that asked for it is closed', async () => {
    const { control } = bench.sandbox;
    await control.click({ user: 'U0ANNA', ...(await post()), actionId: 'refuse' });
    const modal = await control.waitFor(() => control.modal('U0ANNA'));
    await control.close({ user: 'U0ANNA', viewId: modal.id });
    expect(seen.at(-1)).toMatchObject({ type: 'view_closed', is_cleared: false, view: { callback_id: 'reason' } });
  });

  it('answers a slash command to its user alone', async () => {
    const { control } = bench.sandbox;
    const result = await control.slashCommand({
      user: 'U0BOB',
      command: '/countersign',
      text: 'pending',
      channel: 'finance-approvals',
    });
    expect(result.ok).toBe(true);
    expect(control.ephemerals('U0BOB').at(-1)?.text).toBe('You typed pending');
  });

  it('publishes the App Home', async () => {
    const { control } = bench.sandbox;
    await control.openHome('U0BOB');
    const home = await control.waitFor(() => control.home('U0BOB'));
    expect(home.blocks[0]).toMatchObject({ type: 'header' });
    expect(control.home('U0ANNA')).toBeUndefined();
  });

  it('hears when it is mentioned, and answers in the thread', async () => {
    const { control } = bench.sandbox;
    const { message } = await control.write({
      user: 'U0BOB',
      channel: 'finance-approvals',
      text: 'hey <@U0SANDBOXBOT>',
    });
    const reply = await control.waitFor(() => control.thread(message.channel, message.ts)[1]);
    expect(reply).toMatchObject({ text: 'Yes?', threadTs: message.ts });
  });
});
