import type { App } from '@slack/bolt';
import type { JsonObject } from '../../sandbox/slack/index.ts';
import { untyped } from '../support/untyped.ts';

/** Every block and input the page can draw, as an approval app might use them. */

const text = (words: string): JsonObject => ({ type: 'plain_text', text: words, emoji: true });
const option = (words: string, value: string): JsonObject => ({ text: text(words), value });

export function card(expiresAt: number): JsonObject[] {
  return [
    { type: 'header', text: text('Refund waiting for finance') },
    {
      type: 'section',
      block_id: 'summary',
      text: {
        type: 'mrkdwn',
        text: '*payments.refund* asked by <@U0BOB> through `agent:support-bot`\n> Customer was charged twice &amp; wrote in',
      },
      accessory: {
        type: 'overflow',
        action_id: 'more',
        options: [option('Show the policy', 'policy'), option('Ask the requester', 'return')],
      },
    },
    {
      type: 'section',
      block_id: 'facts',
      fields: [
        { type: 'mrkdwn', text: '*Amount*\n420.50 USD' },
        { type: 'mrkdwn', text: '*Order*\n<https://shop.acme.test/orders/991|ord_991>' },
        { type: 'mrkdwn', text: '*Why a human*\nabove 100, up to 1,000' },
        {
          type: 'mrkdwn',
          text: `*Expires*\n<!date^${String(expiresAt)}^{date_short_pretty} at {time}|in four hours>`,
        },
      ],
    },
    { type: 'divider' },
    {
      type: 'actions',
      block_id: 'decide',
      elements: [
        {
          type: 'button',
          action_id: 'approve',
          style: 'primary',
          text: text('Approve'),
          value: 'act_1',
          confirm: {
            title: text('Approve 420.50 USD?'),
            text: { type: 'mrkdwn', text: 'You answer for this refund *by name*.' },
            confirm: text('Approve'),
            deny: text('Not yet'),
          },
        },
        { type: 'button', action_id: 'refuse', style: 'danger', text: text('Refuse'), value: 'act_1' },
        { type: 'button', action_id: 'open', text: text('Open in console'), url: 'https://console.acme.test/act_1' },
        {
          type: 'static_select',
          action_id: 'snooze',
          placeholder: text('Remind me'),
          options: [option('in 15 minutes', '15'), option('in an hour', '60')],
        },
      ],
    },
    { type: 'context', elements: [{ type: 'mrkdwn', text: ':hourglass: 1 of 2: finance waiting · `sha256:9f2c…`' }] },
  ];
}

export const MODAL: JsonObject = {
  type: 'modal',
  callback_id: 'refuse',
  private_metadata: 'act_1',
  notify_on_close: true,
  title: text('Refuse refund'),
  submit: text('Refuse'),
  close: text('Back'),
  blocks: [
    { type: 'section', block_id: 'note', text: { type: 'mrkdwn', text: 'The requester is told *who* and *why*.' } },
    {
      type: 'input',
      block_id: 'reason',
      label: text('Reason'),
      hint: text('It is sealed with your decision.'),
      element: { type: 'plain_text_input', action_id: 'text', multiline: true, max_length: 500 },
    },
    {
      type: 'input',
      block_id: 'kind',
      label: text('Kind'),
      element: {
        type: 'static_select',
        action_id: 'pick',
        options: [option('Wrong amount', 'amount'), option('Not our customer', 'customer')],
      },
    },
    {
      type: 'input',
      block_id: 'amount',
      optional: true,
      label: text('Amount you would accept'),
      element: { type: 'number_input', action_id: 'number', is_decimal_allowed: true, max_value: '1000' },
    },
    {
      type: 'input',
      block_id: 'until',
      optional: true,
      label: text('Valid until'),
      element: { type: 'datepicker', action_id: 'date' },
    },
    {
      type: 'input',
      block_id: 'who',
      optional: true,
      label: text('Ask instead'),
      element: { type: 'users_select', action_id: 'user' },
    },
    {
      type: 'input',
      block_id: 'tell',
      optional: true,
      label: text('Also tell'),
      element: {
        type: 'checkboxes',
        action_id: 'boxes',
        options: [option('the requester', 'requester'), option('the duty manager', 'duty')],
      },
    },
  ],
};

/** Registers the sample's listeners. */
export function sampleApp(app: App, submitted: JsonObject[]): void {
  app.action('approve', async ({ ack, body, client }) => {
    if (body.type === 'block_actions' && body.user.id !== 'U0ANNA') {
      await client.chat.postEphemeral({
        channel: String(body.channel?.id),
        user: body.user.id,
        text: 'Only finance may decide this. Anna Berg was asked.',
      });
    } else if (body.type === 'block_actions') {
      await client.chat.update({
        channel: String(body.channel?.id),
        ts: String(body.message?.ts),
        text: `:white_check_mark: Approved by <@${body.user.id}>: 420.50 USD for ord_991`,
        blocks: [],
      });
    }
    await ack();
  });
  app.action('refuse', async ({ ack, body, client }) => {
    if (body.type === 'block_actions') {
      await client.views.open({ trigger_id: body.trigger_id, view: untyped(MODAL) });
    }
    await ack();
  });
  app.action(/open|snooze|more|show/, async ({ ack }) => {
    await ack();
  });
  app.view('refuse', async ({ ack, view }) => {
    const values = untyped<JsonObject>(view.state.values);
    submitted.push(values);
    if (view.state.values['reason']?.['text']?.value === 'no') {
      await ack({ response_action: 'errors', errors: { reason: 'One sentence, please.' } });
    } else await ack();
  });
  app.command('/countersign', async ({ ack, command }) => {
    await ack({ response_type: 'ephemeral', text: `Nothing is waiting for you (${command.text}).` });
  });
  app.event('app_home_opened', async ({ event, client }) => {
    await client.views.publish({
      user_id: event.user,
      view: {
        type: 'home',
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: 'Waiting for you' } },
          {
            type: 'section',
            text: { type: 'mrkdwn', text: '*Refund 420.50 USD* · ord_991' },
            accessory: { type: 'button', action_id: 'show', text: { type: 'plain_text', text: 'Show' } },
          },
          { type: 'context', elements: [{ type: 'mrkdwn', text: 'oldest first' }] },
        ],
      },
    });
  });
}
