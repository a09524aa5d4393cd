import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlackSandbox, type RunningSandbox } from '../../sandbox/slack/index.ts';
import { CHANNELS, USERS, callApi } from './support.ts';

let sandbox: RunningSandbox;
beforeAll(async () => {
  sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS });
});
afterAll(async () => {
  await sandbox.stop();
});

const x = (length: number): string => 'x'.repeat(length);
const plain = (length: number): object => ({ type: 'plain_text', text: x(length) });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const button = (more: object = {}): object => ({ type: 'button', text: plain(5), ...more });
const actions = (...elements: object[]): object[] => [{ type: 'actions', elements }];
const section = (more: object): object[] => [{ type: 'section', text: plain(5), ...more }];
const rich = (...elements: object[]): object[] => [
  { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] },
];
const option = (index: number, text = 5): object => ({ text: plain(text), value: String(index) });
const confirm = (more: object = {}): object => ({
  title: plain(5),
  text: plain(5),
  confirm: plain(5),
  deny: plain(5),
  ...more,
});
const menu = (count: number, text = 5): object => ({
  type: 'static_select',
  options: times(count, (index) => option(index, text)),
});
const input = (element: object, more: object = {}): object[] => [{ type: 'input', label: plain(5), element, ...more }];

type Build = (size: number) => object[];

/** One limit of Slack's: as much as this is accepted, one more is not. */
const LIMITS: [what: string, limit: number, build: Build, wrong: string][] = [
  ['blocks in a message', 50, (n) => times(n, () => ({ type: 'divider' })), 'no more than 50 items allowed'],
  ['section text', 3000, (n) => [{ type: 'section', text: plain(n) }], 'must be less than 3001 characters'],
  ['a section field', 2000, (n) => [{ type: 'section', fields: [plain(n)] }], 'must be less than 2001 characters'],
  [
    'section fields',
    10,
    (n) => [{ type: 'section', fields: times(n, () => plain(5)) }],
    'no more than 10 items allowed',
  ],
  ['header text', 150, (n) => [{ type: 'header', text: plain(n) }], 'must be less than 151 characters'],
  ['actions elements', 25, (n) => actions(...times(n, () => button())), 'no more than 25 items allowed'],
  ['context elements', 10, (n) => [{ type: 'context', elements: times(n, () => plain(5)) }], 'no more than 10 items'],
  ['button text', 75, (n) => actions(button({ text: plain(n) })), 'must be less than 76 characters'],
  ['button value', 2000, (n) => actions(button({ value: x(n) })), 'must be less than 2001 characters'],
  ['button url', 3000, (n) => actions(button({ url: `https://${x(n - 8)}` })), 'must be less than 3001 characters'],
  ['button label', 75, (n) => actions(button({ accessibility_label: x(n) })), 'must be less than 76 characters'],
  ['action_id', 255, (n) => actions(button({ action_id: x(n) })), 'must be less than 256 characters'],
  ['block_id', 255, (n) => [{ type: 'divider', block_id: x(n) }], 'must be less than 256 characters'],
  ['menu options', 100, (n) => actions(menu(n)), 'no more than 100 items allowed'],
  ['option text', 75, (n) => actions(menu(1, n)), 'must be less than 76 characters'],
  ['overflow options', 5, (n) => actions({ ...menu(n), type: 'overflow' }), 'no more than 5 items allowed'],
  ['checkboxes', 10, (n) => actions({ ...menu(n), type: 'checkboxes' }), 'no more than 10 items allowed'],
  ['placeholder', 150, (n) => actions({ ...menu(1), placeholder: plain(n) }), 'must be less than 151 characters'],
  ['confirm title', 100, (n) => actions(button({ confirm: confirm({ title: plain(n) }) })), 'must be less than 101'],
  ['confirm text', 300, (n) => actions(button({ confirm: confirm({ text: plain(n) }) })), 'must be less than 301'],
  ['confirm button', 30, (n) => actions(button({ confirm: confirm({ confirm: plain(n) }) })), 'must be less than 31'],
  ['input label', 2000, (n) => input({ type: 'plain_text_input' }, { label: plain(n) }), 'must be less than 2001'],
  ['input hint', 2000, (n) => input({ type: 'plain_text_input' }, { hint: plain(n) }), 'must be less than 2001'],
  ['alt text', 2000, (n) => [{ type: 'image', image_url: 'https://a.test/i.png', alt_text: x(n) }], 'less than 2001'],
  ['markdown', 12_000, (n) => [{ type: 'markdown', text: x(n) }], 'must be less than 12001 characters'],
];

describe('Block Kit limits of a message', () => {
  it.each(LIMITS)('%s: %i and no more', async (_what, limit, build, wrong) => {
    const send = (size: number): ReturnType<typeof callApi> =>
      callApi(sandbox, 'chat.postMessage', { channel: '#finance-approvals', text: 'x', blocks: build(size) });
    expect((await send(limit)).body).toMatchObject({ ok: true });
    const { body, status } = await send(limit + 1);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, error: 'invalid_blocks' });
    const { messages } = body['response_metadata'] as { messages: string[] };
    expect(messages[0]).toMatch(/^\[ERROR\] .* \[json-pointer:\/blocks/);
    expect(messages.join()).toContain(wrong);
  });
});

const CELL = { type: 'raw_text', text: 'x' };
const task = (more: object) => ({ type: 'task_card', task_id: 't', title: 'x', status: 'pending', ...more });

const BAD: [what: string, blocks: unknown, wrong: string][] = [
  ['an unknown block', [{ type: 'sectoin', text: plain(5) }], 'unsupported type: sectoin'],
  ['a block without a type', [{ text: plain(5) }], 'missing required field: type'],
  ['an unknown field', [{ type: 'divider', colour: 'red' }], 'invalid additional property: colour'],
  ['an alert', [{ type: 'alert', text: plain(5) }], 'unsupported type: alert'],
  ['a table without rows', [{ type: 'table', rows: [] }], 'no fewer than 1 items allowed'],
  ['a table of 101 rows', [{ type: 'table', rows: times(101, () => [CELL]) }], 'no more than 100 items allowed'],
  ['a row of 21 cells', [{ type: 'table', rows: [times(21, () => CELL)] }], 'no more than 20 items allowed'],
  ['two tables', times(2, () => ({ type: 'table', rows: [[CELL]] })), 'only one table is allowed'],
  ['a number that is none', [{ type: 'table', rows: [[{ type: 'raw_number', value: '1', text: '1' }]] }], 'a number'],
  ['a plan without a title', [{ type: 'plan', tasks: [] }], 'missing required field: title'],
  ['a task of no status', [{ type: 'plan', title: 'x', tasks: [task({ status: 'done' })] }], 'must be one of: pending'],
  ['an empty section', [{ type: 'section' }], 'must define either `text` or `fields`'],
  ['an empty text', [{ type: 'section', text: { type: 'mrkdwn', text: '' } }], 'must be more than 0 characters'],
  ['mrkdwn in a header', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }], 'unsupported type: mrkdwn'],
  ['mrkdwn on a button', actions(button({ text: { type: 'mrkdwn', text: 'x' } })), 'unsupported type: mrkdwn'],
  ['a text that is a string', [{ type: 'section', text: 'x' }], 'must provide an object'],
  ['no actions', [{ type: 'actions', elements: [] }], 'no fewer than 1 items allowed'],
  ['an unknown style', actions(button({ style: 'warning' })), 'must be one of: primary, danger'],
  ['a url that is none', actions(button({ url: 'javascript:alert(1)' })), 'must be a valid url'],
  ['an input in an actions block', actions({ type: 'plain_text_input' }), 'unsupported type: plain_text_input'],
  ['a duplicate block_id', times(2, () => ({ type: 'divider', block_id: 'a' })), '`block_id` already exists: a'],
  [
    'a duplicate action_id',
    actions(button({ action_id: 'a' }), button({ action_id: 'a' })),
    '`action_id` already exists',
  ],
  ['a menu without options', actions({ type: 'static_select' }), 'must define either `options` or `option_groups`'],
  ['an initial option that is not offered', actions({ ...menu(2), initial_option: option(9) }), 'initial option must'],
  ['a date that is none', section({ accessory: { type: 'datepicker', initial_date: '1.2.2026' } }), 'YYYY-MM-DD'],
  ['rich text that is mrkdwn', rich({ type: 'mrkdwn', text: 'x' }), 'unsupported type: mrkdwn'],
  ['an empty piece of rich text', rich({ type: 'text', text: '' }), 'must be more than 0 characters'],
  [
    'an unknown style of rich text',
    rich({ type: 'text', text: 'x', style: { loud: true } }),
    'additional property: loud',
  ],
  ['a date that is no whole number', rich({ type: 'date', timestamp: 1.5, format: '{date}' }), 'must be an integer'],
  ['a link of rich text that is none', rich({ type: 'link', url: 'javascript:alert(1)' }), 'must be a valid url'],
  ['rich text without a section', [{ type: 'rich_text', elements: [{ type: 'text', text: 'x' }] }], 'type: text'],
  [
    'a confirm dialog without a button',
    actions(button({ confirm: { title: plain(5), text: plain(5) } })),
    'required field',
  ],
];

describe('blocks that Slack refuses', () => {
  it.each(BAD)('%s', async (_what, blocks, wrong) => {
    const { body } = await callApi(sandbox, 'chat.postMessage', { channel: '#finance-approvals', text: 'x', blocks });
    expect(body).toMatchObject({ ok: false, error: 'invalid_blocks' });
    expect((body['errors'] as string[]).join()).toContain(wrong);
  });

  it('refuses blocks that are not a list of objects', async () => {
    for (const blocks of ['{', '{"blocks":[]}', '["x"]']) {
      const { body } = await callApi(sandbox, 'chat.postMessage', { channel: '#finance-approvals', text: 'x', blocks });
      expect(body).toMatchObject({ ok: false, error: 'invalid_blocks_format' });
    }
  });

  it('refuses too much text in all', async () => {
    const blocks = times(5, () => ({ type: 'section', text: plain(3000) }));
    const { body } = await callApi(sandbox, 'chat.postMessage', { channel: '#finance-approvals', text: 'x', blocks });
    expect(body).toMatchObject({ ok: false, error: 'msg_blocks_too_long' });
  });

  it('wants a fallback text beside blocks, unless it is not strict', async () => {
    const args = { channel: '#finance-approvals', blocks: [{ type: 'divider' }] };
    expect((await callApi(sandbox, 'chat.postMessage', args)).body).toMatchObject({ ok: false, error: 'no_text' });
    const lax = await startSlackSandbox({ users: USERS, channels: CHANNELS, strict: false });
    expect((await callApi(lax, 'chat.postMessage', args)).body).toMatchObject({ ok: true, warning: 'missing_text' });
    await lax.stop();
  });
});

const modal = (more: object = {}): object => ({
  type: 'modal',
  title: plain(5),
  blocks: [{ type: 'divider' }],
  ...more,
});

/** The same for views; they are checked before the trigger is looked at. */
const VIEW_LIMITS: [what: string, limit: number, build: (size: number) => object][] = [
  ['blocks in a modal', 100, (n) => modal({ blocks: times(n, () => ({ type: 'divider' })) })],
  ['title', 24, (n) => modal({ title: plain(n) })],
  ['submit', 24, (n) => modal({ submit: plain(n) })],
  ['close', 24, (n) => modal({ close: plain(n) })],
  ['private_metadata', 3000, (n) => modal({ private_metadata: x(n) })],
  ['callback_id', 255, (n) => modal({ callback_id: x(n) })],
  ['external_id', 255, (n) => modal({ external_id: x(n) })],
];

describe('limits of a modal', () => {
  it.each(VIEW_LIMITS)('%s: %i and no more', async (_what, limit, build) => {
    const open = (size: number): ReturnType<typeof callApi> =>
      callApi(sandbox, 'views.open', { trigger_id: '1.2.3', view: build(size) });
    expect((await open(limit)).body).toMatchObject({ error: 'invalid_trigger_id' });
    expect((await open(limit + 1)).body).toMatchObject({
      error: 'invalid_arguments',
      response_metadata: { messages: [expect.stringMatching(/json-pointer:\/view/)] },
    });
  });

  it.each([
    ['an input without submit', modal({ blocks: input({ type: 'plain_text_input' }) }), 'submit'],
    ['a home in views.open', { type: 'home', blocks: [] }, 'must be one of: modal'],
    ['no title', { type: 'modal', blocks: [] }, 'missing required field: title'],
    ['an unknown field', modal({ colour: 'red' }), 'invalid additional property: colour'],
    ['markdown in a modal', modal({ blocks: [{ type: 'markdown', text: 'x' }] }), 'unsupported type: markdown'],
    ['a table in a modal', modal({ blocks: [{ type: 'table', rows: [[CELL]] }] }), 'unsupported type: table'],
    ['a long alert', modal({ blocks: [{ type: 'alert', text: plain(201) }] }), 'must be less than 201 characters'],
  ])('refuses %s', async (_what, view, wrong) => {
    const { body } = await callApi(sandbox, 'views.open', { trigger_id: '1.2.3', view });
    expect(body).toMatchObject({ error: 'invalid_arguments' });
    expect(JSON.stringify(body)).toContain(wrong);
  });

  it('holds the App Home to 100 blocks and no submit', async () => {
    const publish = (view: object): ReturnType<typeof callApi> =>
      callApi(sandbox, 'views.publish', { user_id: 'U0ANNA', view });
    const blocks = times(100, () => ({ type: 'divider' }));
    expect((await publish({ type: 'home', blocks })).body).toMatchObject({ ok: true });
    expect((await publish({ type: 'home', blocks: [...blocks, { type: 'divider' }] })).body).toMatchObject({
      ok: false,
    });
    expect((await publish({ type: 'home', blocks, submit: plain(5) })).body).toMatchObject({ ok: false });
  });
});
