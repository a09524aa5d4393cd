import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActResult, JsonObject } from '../../sandbox/slack/index.ts';
import { APPROVAL_BLOCKS, callApi, httpBench, type Bench } from './support.ts';
import { untyped } from '../support/untyped.ts';

let bench: Bench;
/** What the app answers to the next submission. */
let answer: JsonObject | undefined;

beforeAll(async () => {
  bench = await httpBench();
  bench.app.action(/.*/, async ({ ack }) => {
    await ack();
  });
  bench.app.view(/.*/, async ({ ack }) => {
    if (answer) await ack(untyped(answer));
    else await ack();
  });
  bench.app.view({ type: 'view_closed', callback_id: /.*/ }, async ({ ack }) => {
    await ack();
  });
  bench.app.command('/x', async ({ ack }) => {
    await ack();
  });
});
afterAll(async () => {
  await bench.stop();
});
beforeEach(() => {
  answer = undefined;
});

const text = (words: string): JsonObject => ({ type: 'plain_text', text: words });
const view = (title = 'One', more: JsonObject = {}): JsonObject => ({
  type: 'modal',
  title: text(title),
  submit: text('Send'),
  blocks: [
    { type: 'input', block_id: 'why', label: text('Why'), element: { type: 'plain_text_input', action_id: 'text' } },
    { type: 'actions', block_id: 'more', elements: [{ type: 'button', action_id: 'push', text: text('More') }] },
  ],
  ...more,
});

const call = (method: string, args: Record<string, unknown>): Promise<Record<string, unknown>> =>
  callApi(bench.sandbox, method, args).then(({ body }) => body);

async function click(): Promise<ActResult> {
  const { channel, ts } = await call('chat.postMessage', {
    channel: '#finance-approvals',
    text: 'x',
    blocks: APPROVAL_BLOCKS,
  });
  return bench.sandbox.control.click({
    user: 'U0ANNA',
    channel: String(channel),
    ts: String(ts),
    actionId: 'approve',
  });
}

const payloadOf = (result: ActResult): JsonObject => result.deliveries[0].payload;
const trigger = async (): Promise<string> => String(payloadOf(await click())['trigger_id']);

async function opened(given = view()): Promise<string> {
  const body = await call('views.open', { trigger_id: await trigger(), view: given });
  return String((body['view'] as JsonObject)['id']);
}

describe('trigger_id', () => {
  it('opens one modal, once', async () => {
    const id = await trigger();
    expect(await call('views.open', { trigger_id: id, view: view() })).toMatchObject({
      ok: true,
      view: { type: 'modal' },
    });
    expect(await call('views.open', { trigger_id: id, view: view() })).toMatchObject({ error: 'exchanged_trigger_id' });
  });

  it('lives three seconds', async () => {
    const [young, old] = [await trigger(), await trigger()];
    bench.clock.advance(3000);
    expect(await call('views.open', { trigger_id: young, view: view() })).toMatchObject({ ok: true });
    bench.clock.advance(1);
    expect(await call('views.open', { trigger_id: old, view: view() })).toMatchObject({ error: 'expired_trigger_id' });
  });

  it('is not used up by a view that is refused', async () => {
    const id = await trigger();
    expect(await call('views.open', { trigger_id: id, view: {} })).toMatchObject({ error: 'invalid_arguments' });
    expect(await call('views.open', { trigger_id: id, view: view() })).toMatchObject({ ok: true });
  });

  it('comes with slash commands too', async () => {
    const result = await bench.sandbox.control.slashCommand({ user: 'U0ANNA', command: '/x', text: 'y' });
    expect(payloadOf(result)).toMatchObject({
      command: '/x',
      text: 'y',
      user_id: 'U0ANNA',
      user_name: 'anna',
      team_id: 'T0SANDBOX',
      team_domain: 'sandbox',
      channel_name: 'directmessage',
      api_app_id: 'A0SANDBOX',
    });
    const id = payloadOf(result)['trigger_id'];
    expect(await call('views.open', { trigger_id: id, view: view() })).toMatchObject({ ok: true });
  });
});

describe('views', () => {
  it('are pushed three deep, and closed from the top', async () => {
    const { control } = bench.sandbox;
    const root = await opened(view('One', { notify_on_close: true }));
    for (const title of ['Two', 'Three']) {
      const top = control.modal('U0ANNA')?.id ?? '';
      const id = payloadOf(await control.clickInView({ user: 'U0ANNA', viewId: top, actionId: 'push' }))['trigger_id'];
      expect(await call('views.push', { trigger_id: id, view: view(title) })).toMatchObject({
        ok: true,
        view: { root_view_id: root, previous_view_id: top },
      });
    }
    const top = control.modal('U0ANNA')?.id ?? '';
    const id = payloadOf(await control.clickInView({ user: 'U0ANNA', viewId: top, actionId: 'push' }))['trigger_id'];
    expect(await call('views.push', { trigger_id: id, view: view('Four') })).toMatchObject({
      error: 'push_limit_reached',
    });
    expect(await control.close({ user: 'U0ANNA', viewId: top })).toEqual([]);
    const second = control.modal('U0ANNA');
    expect(second?.title).toMatchObject({ text: 'Two' });
    const told = await control.close({ user: 'U0ANNA', viewId: second?.id ?? '', all: true });
    expect(told.map((entry) => payloadOf(entry))).toMatchObject([{ type: 'view_closed', is_cleared: true }]);
    expect(control.modal('U0ANNA')).toBeUndefined();
  });

  it('push only from within a modal', async () => {
    expect(await call('views.push', { trigger_id: await trigger(), view: view() })).toMatchObject({
      error: 'not_found',
    });
  });

  it('are updated by id and hash, and keep what was typed', async () => {
    const { control } = bench.sandbox;
    const id = await opened();
    await control.clickInView({ user: 'U0ANNA', viewId: id, actionId: 'push', values: { why: 'typed' } });
    const before = control.modal('U0ANNA');
    const change = { view_id: id, view: view('Changed') };
    expect(await call('views.update', { ...change, hash: 'old' })).toMatchObject({ error: 'hash_conflict' });
    expect(await call('views.update', { ...change, hash: before?.hash })).toMatchObject({ ok: true, view: { id } });
    expect(control.modal('U0ANNA')).toMatchObject({
      title: { text: 'Changed' },
      values: { why: { text: { value: 'typed' } } },
    });
  });

  it('have external ids, each only once', async () => {
    const id = await opened(view('One', { external_id: 'ext-1' }));
    expect(
      await call('views.update', { external_id: 'ext-1', view: view('Two', { external_id: 'ext-1' }) }),
    ).toMatchObject({
      view: { id },
    });
    const again = { trigger_id: await trigger(), view: view('One', { external_id: 'ext-1' }) };
    expect(await call('views.open', again)).toMatchObject({ error: 'duplicate_external_id' });
  });
});

describe('the answer to a submission', () => {
  const CASES: [what: string, answer: JsonObject | undefined, outcome: string][] = [
    ['nothing', undefined, 'closed'],
    ['errors', { response_action: 'errors', errors: { why: 'No.' } }, 'errors'],
    ['errors for a block that is no input', { response_action: 'errors', errors: { more: 'No.' } }, 'failed'],
    ['errors for an unknown block', { response_action: 'errors', errors: { nope: 'No.' } }, 'failed'],
    ['update', { response_action: 'update', view: view('Done') }, 'updated'],
    ['update with a bad view', { response_action: 'update', view: view('x'.repeat(25)) }, 'failed'],
    ['push', { response_action: 'push', view: view('Next') }, 'pushed'],
    ['clear', { response_action: 'clear' }, 'cleared'],
    ['nonsense', { response_action: 'dance' }, 'failed'],
  ];

  it.each(CASES)('%s', async (_what, given, outcome) => {
    const { control } = bench.sandbox;
    const viewId = await opened();
    answer = given;
    const result = await control.submit({ user: 'U0ANNA', viewId, values: { why: 'because' } });
    expect(result).toMatchObject({ sent: true, outcome });
    const closed = outcome === 'closed' || outcome === 'cleared';
    expect(control.modal('U0ANNA') === undefined).toBe(closed);
    if (outcome === 'failed') expect(control.problems.at(-1)?.text).toContain('trouble connecting');
    if (outcome === 'errors') expect(control.modal('U0ANNA')?.errors).toEqual({ why: 'No.' });
  });

  it("refuses somebody else's modal, and inputs that are not there", async () => {
    const { control } = bench.sandbox;
    const viewId = await opened();
    await expect(control.submit({ user: 'U0BOB', viewId })).rejects.toMatchObject({ code: 'view_not_found' });
    await expect(control.submit({ user: 'U0ANNA', viewId, values: { nope: 'x' } })).rejects.toMatchObject({
      code: 'element_not_found',
    });
  });
});

describe('what the client itself checks', () => {
  const element = (more: JsonObject): JsonObject =>
    view('One', {
      blocks: [{ type: 'input', block_id: 'why', label: text('x'), element: { action_id: 'a', ...more } }],
    });
  const CASES: [element: JsonObject, value: string, error: string | undefined][] = [
    [{ type: 'plain_text_input', max_length: 3 }, 'four', 'Please use at most 3 characters.'],
    [{ type: 'number_input', is_decimal_allowed: false }, '1.5', 'Please enter a whole number.'],
    [{ type: 'number_input', is_decimal_allowed: true }, 'much', 'Please enter a number.'],
    [{ type: 'number_input', is_decimal_allowed: true, max_value: '10' }, '11', 'Please enter a number of 10 or less.'],
    [{ type: 'number_input', is_decimal_allowed: true, min_value: '1' }, '0.5', 'Please enter a number of 1 or more.'],
    [{ type: 'number_input', is_decimal_allowed: true, min_value: '1' }, '1.5', undefined],
    [{ type: 'email_text_input' }, 'anna', 'Please enter a valid email address.'],
    [{ type: 'url_text_input' }, 'nope', 'Please enter a valid URL.'],
  ];

  it.each(CASES)('%o with %s', async (given, value, error) => {
    const viewId = await opened(element(given));
    const result = await bench.sandbox.control.submit({ user: 'U0ANNA', viewId, values: { why: value } });
    expect(result.sent).toBe(error === undefined);
    expect(result.errors).toEqual(error === undefined ? {} : { why: error });
  });

  it('offers only the options there are', async () => {
    const viewId = await opened(element({ type: 'static_select', options: [{ text: text('A'), value: 'a' }] }));
    const submit = { user: 'U0ANNA', viewId, values: { why: { a: 'b' } } };
    await expect(bench.sandbox.control.submit(submit)).rejects.toMatchObject({ code: 'option_not_found' });
  });
});

describe('response_url', () => {
  const respond = (url: string, body: JsonObject): Promise<Response> =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  async function clicked(): Promise<{ url: string; ts: string; channel: string }> {
    const payload = payloadOf(await click());
    const container = payload['container'] as JsonObject;
    return {
      url: String(payload['response_url']),
      ts: String(container['message_ts']),
      channel: String(container['channel_id']),
    };
  }

  it('replaces the message unless told not to', async () => {
    const { control } = bench.sandbox;
    const { url, ts, channel } = await clicked();
    const message = (): object | undefined => control.messages(channel).find((entry) => entry.ts === ts);
    await respond(url, { text: 'only you', replace_original: false });
    expect(control.ephemerals('U0ANNA').at(-1)?.text).toBe('only you');
    expect(message()).toMatchObject({ blocks: APPROVAL_BLOCKS });
    await respond(url, { text: 'all of you', replace_original: false, response_type: 'in_channel' });
    expect(control.messages(channel).at(-1)?.text).toBe('all of you');
    await respond(url, { text: 'replaced' });
    expect(message()).toMatchObject({ text: 'replaced', blocks: [] });
    await respond(url, { delete_original: true });
    expect(message()).toBeUndefined();
  });

  it('works five times', async () => {
    const { url } = await clicked();
    for (let use = 0; use < 5; use += 1) {
      expect((await respond(url, { text: 'x', replace_original: false })).status).toBe(200);
    }
    const sixth = await respond(url, { text: 'x', replace_original: false });
    expect([sixth.status, await sixth.json()]).toEqual([404, { ok: false, error: 'used_url' }]);
  });

  it('works thirty minutes', async () => {
    const { url } = await clicked();
    bench.clock.advance(30 * 60 * 1000);
    expect((await respond(url, { text: 'x' })).status).toBe(200);
    bench.clock.advance(1);
    expect(await (await respond(url, { text: 'x' })).json()).toEqual({ ok: false, error: 'expired_url' });
    expect(await (await respond(`${url}x`, { text: 'x' })).json()).toEqual({ ok: false, error: 'invalid_url' });
  });

  it('takes no more bad blocks than the API', async () => {
    const { url } = await clicked();
    const answer400 = await respond(url, { text: 'x', blocks: [{ type: 'nope' }] });
    expect([answer400.status, await answer400.json()]).toMatchObject([400, { error: 'invalid_blocks' }]);
  });
});

describe('choices', () => {
  it('carry what was chosen, and are remembered in state.values', async () => {
    const { control } = bench.sandbox;
    const options = ['a', 'b'].map((value) => ({ text: text(value), value }));
    const blocks = [
      {
        type: 'actions',
        block_id: 'pick',
        elements: [
          { type: 'static_select', action_id: 'menu', options },
          { type: 'overflow', action_id: 'more', options },
          { type: 'datepicker', action_id: 'day', initial_date: '2026-11-21' },
          { type: 'users_select', action_id: 'who' },
          { type: 'button', action_id: 'go', text: text('Go') },
        ],
      },
    ];
    const { channel, ts } = await call('chat.postMessage', { channel: '#finance-approvals', text: 'x', blocks });
    const at = { user: 'U0ANNA', channel: String(channel), ts: String(ts) };
    const chose = async (actionId: string, value?: string): Promise<JsonObject> =>
      payloadOf(await control.click({ ...at, actionId, ...(value === undefined ? {} : { value }) }));
    expect(await chose('menu', 'b')).toMatchObject({
      actions: [{ type: 'static_select', selected_option: { value: 'b' } }],
    });
    expect(await chose('more', 'a')).toMatchObject({
      actions: [{ type: 'overflow', selected_option: { value: 'a' } }],
    });
    expect(await chose('who', 'U0BOB')).toMatchObject({ actions: [{ selected_user: 'U0BOB' }] });
    expect(await chose('go')).toMatchObject({
      state: {
        values: {
          pick: {
            menu: { type: 'static_select', selected_option: { value: 'b' } },
            day: { type: 'datepicker', selected_date: '2026-11-21' },
            who: { type: 'users_select', selected_user: 'U0BOB' },
          },
        },
      },
    });
    const bob = await control.click({ ...at, user: 'U0BOB', actionId: 'go' });
    expect(payloadOf(bob)).toMatchObject({ state: { values: { pick: { menu: { selected_option: null } } } } });
  });
});
