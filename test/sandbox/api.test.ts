import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SCOPES, startSlackSandbox, type RunningSandbox } from '../../sandbox/slack/index.ts';
import { CHANNELS, USERS, callApi } from './support.ts';

let sandbox: RunningSandbox;
let finance: string;
let board: string;
let secret: string;
let notJoined: string;
beforeAll(async () => {
  sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS });
  [finance, notJoined, secret, board] = ['finance-approvals', 'not-joined', 'secret', 'board'].map(
    (name) => sandbox.control.channel(name).id,
  ) as [string, string, string, string];
});
afterAll(async () => {
  await sandbox.stop();
});
beforeEach(() => {
  sandbox.control.setScopes(DEFAULT_SCOPES);
});

const call = (method: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> =>
  callApi(sandbox, method, args).then(({ body }) => body);

async function posted(args: Record<string, unknown> = {}): Promise<{ channel: string; ts: string }> {
  const body = await call('chat.postMessage', { channel: finance, text: 'hello', ...args });
  return { channel: String(body['channel']), ts: String(body['ts']) };
}

describe('tokens', () => {
  it.each([
    ['none', 'auth.test', null, 'not_authed'],
    ['a wrong one', 'auth.test', 'xoxb-wrong', 'invalid_auth'],
    ['an empty one', 'auth.test', 'x', 'invalid_auth'],
  ] as const)('%s is refused', async (_what, method, token, error) => {
    const { body, status } = await callApi(sandbox, method, {}, token);
    expect({ status, error: body['error'] }).toEqual({ status: 200, error });
  });

  it('knows an app token from a bot token', async () => {
    expect((await callApi(sandbox, 'auth.test', {}, sandbox.appToken)).body['error']).toBe('not_allowed_token_type');
    expect((await callApi(sandbox, 'apps.connections.open')).body['error']).toBe('not_allowed_token_type');
    const { body } = await callApi(sandbox, 'apps.connections.open', {}, sandbox.appToken);
    expect(body).toMatchObject({
      ok: true,
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/.*ticket=/) as string,
    });
  });

  it('says who the bot is', async () => {
    expect(await call('auth.test')).toMatchObject({
      ok: true,
      team_id: 'T0SANDBOX',
      user_id: 'U0SANDBOXBOT',
      bot_id: 'B0SANDBOX',
    });
  });

  it('takes JSON bodies, and the token of a form', async () => {
    const json = await fetch(`${sandbox.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.botToken}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ channel: finance, text: 'as JSON' }),
    });
    expect(await json.json()).toMatchObject({ ok: true, message: { text: 'as JSON' } });
    const form = await callApi(sandbox, 'auth.test', { token: sandbox.botToken }, null);
    expect(form.body).toMatchObject({ ok: true });
    const broken = await fetch(`${sandbox.apiUrl}auth.test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.botToken}`, 'content-type': 'application/json' },
      body: '{',
    });
    expect(await broken.json()).toMatchObject({ ok: false, error: 'invalid_json' });
  });

  it('writes down every call, without the token', async () => {
    await call('auth.test');
    const last = sandbox.control.calls.at(-1);
    expect(last).toMatchObject({ method: 'auth.test', status: 200, result: { ok: true } });
    expect(JSON.stringify(sandbox.control.calls)).not.toContain(sandbox.botToken);
  });
});

describe('scopes', () => {
  const METHODS: [method: string, scope: string, args: () => Record<string, unknown>][] = [
    ['chat.postMessage', 'chat:write', () => ({ channel: finance, text: 'x' })],
    ['chat.postEphemeral', 'chat:write', () => ({ channel: finance, user: 'U0ANNA', text: 'x' })],
    ['chat.update', 'chat:write', () => ({ channel: finance, ts: '1.1', text: 'x' })],
    ['chat.delete', 'chat:write', () => ({ channel: finance, ts: '1.1' })],
    ['reactions.add', 'reactions:write', () => ({ channel: finance, timestamp: '1.1', name: 'eyes' })],
    ['conversations.open', 'im:write', () => ({ users: 'U0ANNA' })],
    ['conversations.list', 'channels:read', () => ({})],
    ['conversations.info', 'channels:read', () => ({ channel: finance })],
    ['conversations.info', 'im:read', () => ({ channel: sandbox.control.im('U0ANNA').id })],
    ['conversations.history', 'channels:history', () => ({ channel: finance })],
    ['conversations.history', 'im:history', () => ({ channel: sandbox.control.im('U0ANNA').id })],
    ['conversations.join', 'channels:join', () => ({ channel: finance })],
    ['users.info', 'users:read', () => ({ user: 'U0ANNA' })],
    ['users.list', 'users:read', () => ({})],
    ['users.lookupByEmail', 'users:read.email', () => ({ email: 'anna@acme.test' })],
  ];

  it.each(METHODS)('%s needs %s', async (method, scope, args) => {
    sandbox.control.setScopes(DEFAULT_SCOPES.filter((entry) => entry !== scope));
    const body = await call(method, args());
    expect(body).toMatchObject({ ok: false, error: 'missing_scope', needed: scope });
    expect(String(body['provided']).split(',')).not.toContain(scope);
    sandbox.control.setScopes(DEFAULT_SCOPES);
    expect((await call(method, args()))['error']).not.toBe('missing_scope');
  });

  it('says the scopes in the headers', async () => {
    const { headers } = await callApi(sandbox, 'users.info', { user: 'U0ANNA' });
    expect(headers.get('x-oauth-scopes')?.split(',')).toEqual(DEFAULT_SCOPES);
    expect(headers.get('x-accepted-oauth-scopes')).toBe('users:read');
  });

  it('shows no e-mail without users:read.email', async () => {
    expect(await call('users.info', { user: 'U0ANNA' })).toMatchObject({
      user: { profile: { email: 'anna@acme.test' } },
    });
    sandbox.control.setScopes(['users:read']);
    const { user } = (await call('users.info', { user: 'U0ANNA' })) as { user: { profile: object } };
    expect(user.profile).not.toHaveProperty('email');
  });
});

describe('errors by method', () => {
  const CASES: [method: string, args: () => Record<string, unknown>, error: string][] = [
    ['chat.postmessage', () => ({}), 'unknown_method'],
    ['chat.postMessage', () => ({ text: 'x' }), 'invalid_arguments'],
    ['chat.postMessage', () => ({ channel: '#nowhere', text: 'x' }), 'channel_not_found'],
    ['chat.postMessage', () => ({ channel: 'C0NOWHERE', text: 'x' }), 'channel_not_found'],
    ['chat.postMessage', () => ({ channel: notJoined, text: 'x' }), 'not_in_channel'],
    ['chat.postMessage', () => ({ channel: secret, text: 'x' }), 'channel_not_found'],
    ['chat.postMessage', () => ({ channel: 'U0GONE', text: 'x' }), 'channel_not_found'],
    ['chat.postMessage', () => ({ channel: finance }), 'no_text'],
    ['chat.postMessage', () => ({ channel: finance, text: ' ' }), 'no_text'],
    ['chat.postMessage', () => ({ channel: finance, text: 'x'.repeat(40_001) }), 'msg_too_long'],
    ['chat.postMessage', () => ({ channel: finance, text: 'x', thread_ts: '1.1' }), 'thread_not_found'],
    ['chat.postMessage', () => ({ channel: finance, text: 'x', metadata: '{' }), 'invalid_metadata_format'],
    ['chat.postMessage', () => ({ channel: finance, text: 'x', metadata: { a: 1 } }), 'invalid_metadata_schema'],
    ['chat.postMessage', () => ({ channel: finance, text: 'x', attachments: [{}] }), 'invalid_attachments'],
    ['chat.postEphemeral', () => ({ channel: board, user: 'U0BOB', text: 'x' }), 'user_not_in_channel'],
    ['chat.postEphemeral', () => ({ channel: finance, user: 'U0NOBODY', text: 'x' }), 'user_not_in_channel'],
    ['chat.update', () => ({ channel: finance, ts: '1.1', text: 'x' }), 'message_not_found'],
    ['chat.update', () => ({ channel: '#finance-approvals', ts: '1.1', text: 'x' }), 'channel_not_found'],
    ['chat.update', () => ({ channel: 'U0ANNA', ts: '1.1', text: 'x' }), 'channel_not_found'],
    ['chat.delete', () => ({ channel: finance, ts: '1.1' }), 'message_not_found'],
    ['chat.getPermalink', () => ({ channel: finance, message_ts: '1.1' }), 'message_not_found'],
    ['reactions.add', () => ({ channel: finance, timestamp: '1.1', name: 'x' }), 'message_not_found'],
    ['conversations.open', () => ({}), 'users_list_not_supplied'],
    ['conversations.open', () => ({ users: 'U0NOBODY' }), 'user_not_found'],
    ['conversations.open', () => ({ users: 'U0GONE' }), 'user_disabled'],
    ['conversations.open', () => ({ users: 'U0SANDBOXBOT' }), 'cannot_dm_bot'],
    ['conversations.open', () => ({ users: 'U0OTHER' }), 'user_not_visible'],
    ['conversations.list', () => ({ types: 'nonsense' }), 'invalid_types'],
    ['conversations.list', () => ({ limit: 0 }), 'invalid_limit'],
    ['conversations.list', () => ({ cursor: 'x' }), 'invalid_cursor'],
    ['conversations.info', () => ({ channel: secret }), 'channel_not_found'],
    ['conversations.history', () => ({ channel: secret }), 'channel_not_found'],
    ['conversations.history', () => ({ channel: notJoined }), 'not_in_channel'],
    ['conversations.history', () => ({ channel: finance, oldest: 'x' }), 'invalid_ts_oldest'],
    ['conversations.history', () => ({ channel: finance, limit: 0 }), 'invalid_limit'],
    ['conversations.join', () => ({ channel: 'C0NOWHERE' }), 'channel_not_found'],
    ['conversations.join', () => ({ channel: secret }), 'method_not_supported_for_channel_type'],
    ['users.info', () => ({ user: 'U0NOBODY' }), 'user_not_found'],
    ['users.lookupByEmail', () => ({ email: 'nobody@acme.test' }), 'users_not_found'],
    ['users.lookupByEmail', () => ({ email: 'gone@acme.test' }), 'users_not_found'],
    ['users.lookupByEmail', () => ({ email: 'o@other.test' }), 'users_not_found'],
    ['views.publish', () => ({ user_id: 'U0GONE', view: { type: 'home', blocks: [] } }), 'user_not_found'],
    [
      'views.update',
      () => ({ view_id: 'V0', view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] } }),
      'not_found',
    ],
    ['views.open', () => ({ trigger_id: 'x' }), 'invalid_arguments'],
  ];

  it.each(CASES)('%s %o answers %s', async (method, args, error) => {
    expect(await call(method, args())).toMatchObject({ ok: false, error });
  });
});

describe('messages', () => {
  it('keeps metadata, and takes it away again', async () => {
    const metadata = { event_type: 'approval', event_payload: { id: 'act_1' } };
    const at = await posted({ metadata });
    const stored = (): object | undefined => sandbox.control.messages(finance).find((entry) => entry.ts === at.ts);
    expect(stored()).toMatchObject({ metadata });
    await call('chat.update', { ...at, text: 'changed' });
    expect(stored()).toMatchObject({ text: 'changed', metadata });
    await call('chat.update', { ...at, text: 'changed', metadata: {} });
    expect(stored()).not.toHaveProperty('metadata');
  });

  it('keeps the blocks of an update that has none, and removes them on request', async () => {
    const at = await posted({ blocks: [{ type: 'divider', block_id: 'a' }] });
    expect(await call('chat.update', { ...at, text: 'x' })).toMatchObject({ message: { blocks: [{ block_id: 'a' }] } });
    const { message } = await call('chat.update', { ...at, text: 'x', blocks: [] });
    expect(message).not.toHaveProperty('blocks');
  });

  it("never touches a person's message", async () => {
    const { message } = await sandbox.control.write({ user: 'U0ANNA', channel: finance, text: 'mine' });
    const at = { channel: finance, ts: message.ts };
    expect(await call('chat.update', { ...at, text: 'x' })).toMatchObject({ error: 'cant_update_message' });
    expect(await call('chat.delete', at)).toMatchObject({ error: 'cant_delete_message' });
  });

  it('deletes its own', async () => {
    const at = await posted();
    expect(await call('chat.delete', at)).toMatchObject({ ok: true, ...at });
    expect(sandbox.control.messages(finance).some((entry) => entry.ts === at.ts)).toBe(false);
  });

  it('posts to a person by id, into the D… channel that conversations.open gives', async () => {
    const { channel } = (await call('conversations.open', { users: 'U0BOB' })) as { channel: { id: string } };
    expect(channel.id).toMatch(/^D/);
    expect(await posted({ channel: 'U0BOB' })).toMatchObject({ channel: channel.id });
  });

  it('posts to a public channel after joining it', async () => {
    expect(await call('conversations.join', { channel: notJoined })).toMatchObject({
      ok: true,
      channel: { is_member: true },
    });
    expect(await posted({ channel: notJoined })).toMatchObject({ channel: notJoined });
    expect(await call('conversations.join', { channel: notJoined })).toMatchObject({ warning: 'already_in_channel' });
  });

  it('gives every message its own, later ts', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => posted()));
    const sent = all.map((entry) => entry.ts);
    expect(new Set(sent).size).toBe(20);
    expect(sent.every((ts) => /^\d{10}\.\d{6}$/.test(ts))).toBe(true);
  });

  it('adds a reaction once', async () => {
    const at = await posted();
    const args = { channel: at.channel, timestamp: at.ts, name: 'white_check_mark' };
    expect(await call('reactions.add', args)).toEqual({ ok: true });
    expect(await call('reactions.add', args)).toMatchObject({ error: 'already_reacted' });
  });

  it('links to a message of the page', async () => {
    const at = await posted();
    const { permalink } = await call('chat.getPermalink', { channel: at.channel, message_ts: at.ts });
    expect(permalink).toBe(`${sandbox.url}/archives/${at.channel}/p${at.ts.replace('.', '')}`);
    const answer = await fetch(String(permalink), { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(`/slack-sandbox/#channel=${at.channel}&ts=${at.ts}`);
  });

  it('shows an ephemeral to one person only, and it cannot be updated', async () => {
    const { message_ts: ts } = await call('chat.postEphemeral', { channel: finance, user: 'U0ANNA', text: 'psst' });
    expect(sandbox.control.ephemerals('U0ANNA').at(-1)).toMatchObject({ ts, text: 'psst' });
    expect(sandbox.control.ephemerals('U0BOB')).toEqual([]);
    expect(sandbox.control.messages(finance).some((entry) => entry.ts === ts)).toBe(false);
    expect(await call('chat.update', { channel: finance, ts, text: 'x' })).toMatchObject({
      error: 'message_not_found',
    });
  });
});

describe('lists', () => {
  it('lists people of the workspace by pages', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const body = await call('users.list', { limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...(body['members'] as { id: string }[]).map((user) => user.id));
      cursor = (body['response_metadata'] as { next_cursor: string }).next_cursor;
    } while (cursor);
    expect(seen).toEqual(['U0ANNA', 'U0BOB', 'U0GONE', 'U0GUEST', 'U0SANDBOXBOT']);
  });

  it('says who is deactivated, a guest, a bot, a stranger', async () => {
    expect(await call('users.info', { user: 'U0GONE' })).toMatchObject({ user: { deleted: true } });
    expect(await call('users.info', { user: 'U0GUEST' })).toMatchObject({ user: { is_restricted: true } });
    expect(await call('users.info', { user: 'U0SANDBOXBOT' })).toMatchObject({ user: { is_bot: true } });
    expect(await call('users.info', { user: 'U0OTHER' })).toMatchObject({
      user: { team_id: 'T0OTHER', is_stranger: true },
    });
  });

  it('lists only the channels the app may know of', async () => {
    const { channels } = (await call('conversations.list', { types: 'public_channel,private_channel' })) as {
      channels: { name: string }[];
    };
    expect(channels.map((channel) => channel.name)).toEqual(['finance-approvals', 'not-joined', 'board']);
  });
});

describe('conversations.history', () => {
  const read = async (args: object) =>
    (await call('conversations.history', { channel: finance, ...args })) as {
      messages: { ts: string; metadata?: object }[];
      has_more: boolean;
      response_metadata: { next_cursor: string };
    };
  const stamps = ({ messages }: { messages: { ts: string }[] }): string[] => messages.map(({ ts }) => ts);

  it('is newest first, between two times, a page at a time, without threads and ephemerals, and with metadata where asked', async () => {
    const metadata = { event_type: 'posted', event_payload: { id: 'one' } };
    const first = (await posted({ metadata: JSON.stringify(metadata) })).ts;
    const second = (await posted()).ts;
    await posted({ thread_ts: first });
    await call('chat.postEphemeral', { channel: finance, user: 'U0ANNA', text: 'x' });
    const third = (await posted()).ts;
    expect(stamps(await read({ oldest: first, latest: third }))).toEqual([second]);
    const between = { oldest: first, latest: third, inclusive: true };
    expect(stamps(await read(between))).toEqual([third, second, first]);
    const page = await read({ ...between, limit: 2 });
    expect([stamps(page), page.has_more]).toEqual([[third, second], true]);
    const rest = await read({ ...between, limit: 2, cursor: page.response_metadata.next_cursor });
    expect([stamps(rest), rest.has_more]).toEqual([[first], false]);
    expect(rest.messages[0]).not.toHaveProperty('metadata');
    expect((await read({ ...between, include_all_metadata: true })).messages[2]).toMatchObject({ metadata });
  });

  it('is answered 429 with a time to wait after fifty calls of a minute', async () => {
    const answers: number[] = [];
    let last = await callApi(sandbox, 'conversations.history', { channel: finance });
    for (let left = 50; left > 0 && last.status === 200; left -= 1) {
      answers.push(last.status);
      last = await callApi(sandbox, 'conversations.history', { channel: finance });
    }
    expect([last.status, last.body['error'], answers.length <= 50]).toEqual([429, 'ratelimited', true]);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
