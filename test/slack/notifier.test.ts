import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NotifierUnavailable, type Notice, type ThreadEvent } from '../../src/notify/notifier.ts';
import { MODELS, WAITING } from './messages.ts';
import { startSlackSandbox } from '../../sandbox/slack/index.ts';
import { findShown, RENDERER } from '../../src/slack/blocks/index.ts';
import { createSlackApp, createSlackNotifier, type SlackLog } from '../../src/slack/index.ts';
import { USERS, keeperOf, memoryDoor, openBench, until, type Bench } from './bench.ts';

const CHANNEL = 'finance-approvals';
const CFO = 'user:cfo@acme.test';
const audience = (people: string[], channels = ['#finance-approvals']) => ({ channels, people });
const closed = { ...WAITING, ...MODELS['refused'], audience: audience([CFO]) };
const event: ThreadEvent = { id: 'e1', kind: 'reminder', by: null, detail: 'soon', until: WAITING.expiresAt };
const notice: Notice = {
  id: 'n1',
  tenant: 'default',
  action: WAITING.action,
  headline: 'Refused',
  lines: ['Because'],
  consoleUrl: null,
};

describe('the notifier', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench('http');
  });
  afterEach(async () => {
    await bench.stop();
  });
  const post = (more: Partial<typeof WAITING>) => bench.notifier.post({ ...WAITING, ...more }, bench.door.rows);
  const calls = (method: string) => bench.control.calls.filter((call) => call.method === method);
  const reason = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  test('one message in the channel, one to each person by name, each told why they are asked', async () => {
    const { posted, unreachable } = await post({ audience: audience([CFO, CFO]) });
    expect(posted.map(({ kind, person, revision }) => ({ kind, person, revision }))).toEqual([
      { kind: 'channel', person: null, revision: 1 },
      { kind: 'dm', person: CFO, revision: 1 },
    ]);
    expect(unreachable).toEqual([]);
    const [direct] = bench.control.messages(bench.control.im('U0CFO').id);
    expect(JSON.stringify(direct?.blocks)).toContain('You are asked because of group:finance');
    expect(JSON.stringify(bench.control.messages(CHANNEL))).not.toContain('You are asked');
    expect(posted[0]?.shownHash).not.toBe(posted[1]?.shownHash);
  });

  test('the same revision again does nothing; a newer one edits in place; an older one changes nothing', async () => {
    await bench.post({ ...WAITING, audience: audience([CFO]) });
    await bench.post({ ...WAITING, audience: audience([CFO]) });
    expect([calls('chat.postMessage').length, calls('chat.update').length]).toEqual([2, 0]);
    await bench.post(closed);
    expect([calls('chat.postMessage').length, calls('chat.update').length]).toEqual([2, 2]);
    expect(JSON.stringify(bench.control.messages(CHANNEL)[0]?.blocks)).not.toContain('"button"');
    await bench.post({ ...WAITING, audience: audience([CFO]) });
    expect(bench.control.messages(CHANNEL)[0]?.text).toContain('Refused');
    expect(bench.door.rows.every(({ revision }) => revision === 2)).toBe(true);
  });

  test('a channel is known again after a restart, by what is on file alone', async () => {
    const two = { ...WAITING, audience: audience([], ['#finance-approvals', '#general']) };
    await bench.post(two);
    const fresh = createSlackNotifier({
      client: bench.app.client,
      people: { slackOf: () => null, emailOf: () => null },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    await fresh.post({ ...two, revision: 2 }, bench.door.rows);
    expect(bench.control.messages('general')).toHaveLength(1);
    expect(bench.control.messages(CHANNEL)).toHaveLength(1);
  });

  test('people added by an escalation are asked; nobody is asked to decide what is closed', async () => {
    await bench.post(WAITING);
    await bench.post({ ...WAITING, revision: 2, audience: audience([CFO]) });
    expect(bench.control.messages(bench.control.im('U0CFO').id)).toHaveLength(1);
    await bench.post({ ...closed, revision: 3, audience: audience([CFO, 'user:finance-lead@acme.test']) });
    expect(bench.control.messages(bench.control.im('U0FINANCE').id)).toHaveLength(0);
  });

  test('what closed before anybody could be asked is on record in the channel only', async () => {
    const { posted } = await bench.notifier.post(closed, []);
    expect(posted.map(({ kind }) => kind)).toEqual(['channel']);
  });

  test('whoever and whatever cannot be reached is named, and breaks nothing', async () => {
    const people = ['user:gone@acme.test', 'user:nobody@acme.test', 'user:other@acme.test', CFO];
    const { posted, unreachable } = await post({ audience: audience(people, ['#no-such-channel', '#general']) });
    expect(posted.map(({ kind, person }) => person ?? kind)).toEqual(['channel', CFO]);
    expect(unreachable).toEqual([
      { person: '#no-such-channel', why: 'is no channel the app can see; create it, or invite the app' },
      { person: 'user:gone@acme.test', why: 'is deactivated in Slack' },
      { person: 'user:nobody@acme.test', why: 'has no Slack id in the directory' },
      { person: 'user:other@acme.test', why: 'is not in this Slack workspace' },
    ]);
  });

  test('by e-mail only where the directory opts in', async () => {
    const { posted } = await post({ audience: audience(['user:mail-only@acme.test'], []) });
    expect(posted).toHaveLength(1);
    expect(bench.control.messages(bench.control.im('U0CFO').id)).toHaveLength(1);
  });

  test('a message that somebody deleted is posted again while it is open', async () => {
    await bench.post(WAITING);
    bench.control.inject({ api: 'chat.update', error: 'message_not_found' });
    const { posted } = await bench.notifier.post({ ...WAITING, revision: 2 }, bench.door.rows);
    expect(posted).toHaveLength(1);
    expect(bench.control.messages(CHANNEL)).toHaveLength(2);
  });

  test('429: waits as long as Slack says, keeps what is done, and does not do it again', async () => {
    bench.control.inject({ api: 'conversations.open', answer: 429, retryAfter: 17 });
    const kept: string[] = [];
    const failed = await reason(
      bench.notifier.post(
        { ...WAITING, audience: audience([CFO]) },
        [],
        keeperOf((done) => {
          kept.push(done.kind);
          bench.door.rows.push(done);
        }),
      ),
    );
    expect(failed).toBeInstanceOf(NotifierUnavailable);
    expect(failed).toMatchObject({ retryAfterMs: 17_000, configuration: false, posted: [{ kind: 'channel' }] });
    expect(kept).toEqual(['channel']);
    const { posted } = await bench.notifier.post({ ...WAITING, audience: audience([CFO]) }, bench.door.rows);
    expect(posted.map(({ kind }) => kind)).toEqual(['channel', 'dm']);
    expect(calls('chat.postMessage').filter(({ status }) => status === 200)).toHaveLength(2);
  });

  test.each([
    ['a 5xx', { api: 'chat.postMessage', answer: 503 }],
    ['a broken connection', { api: 'chat.postMessage', connection: 'drop' }],
    ['an error inside Slack', { api: 'chat.postMessage', error: 'internal_error' }],
    ['an outage', { outage: true }],
  ] as const)('%s is tried again later, once per attempt', async (_name, fault) => {
    bench.control.inject(fault);
    const failed = await reason(post({}));
    expect(failed).toMatchObject({ name: 'NotifierUnavailable', configuration: false });
    expect(calls('chat.postMessage').length).toBeLessThanOrEqual(1);
    bench.control.inject({ outage: false });
    expect((await post({})).posted).toHaveLength(1);
  });

  test('a workspace that refuses a table has the same words as lines, from then on, and what was shown is found again', async () => {
    const several = MODELS['several'] as typeof WAITING;
    bench.control.inject({ api: 'chat.postMessage', error: 'invalid_blocks' });
    const { posted } = await bench.notifier.post(several, []);
    const types = () => (bench.control.messages(CHANNEL)[0]?.blocks ?? []).map(({ type }) => type);
    expect(types()).not.toContain('table');
    expect(JSON.stringify(bench.control.messages(CHANNEL)[0]?.blocks)).toContain('Acme Supplies GmbH');
    const sealed = { hash: posted[0]?.shownHash ?? '', renderer: RENDERER };
    expect(findShown(sealed, CFO, [several])).toMatchObject({ view: 'message', plain: true });
    await bench.notifier.post({ ...several, revision: 2 }, posted);
    expect([types().includes('table'), calls('chat.update').length]).toEqual([false, 1]);
  });

  test.each(['invalid_auth', 'token_revoked', 'missing_scope'])('%s is for somebody to repair', async (error) => {
    bench.control.inject({ api: 'chat.postMessage', error });
    expect(await reason(post({}))).toMatchObject({ name: 'NotifierUnavailable', configuration: true });
  });

  test('events go into the thread of each message, once', async () => {
    const { posted } = await post({ audience: audience([CFO]) });
    await bench.notifier.thread(posted, event);
    await bench.notifier.thread(posted, event);
    const [channel] = posted;
    expect(bench.control.thread(CHANNEL, channel?.ts ?? '').map(({ text }) => text)).toEqual([
      expect.stringContaining('Decide'),
      expect.stringContaining('Still waiting for a decision'),
    ]);
    bench.control.inject({ api: 'chat.postMessage', answer: 429, retryAfter: 3 });
    const next = { ...event, id: 'e2' };
    expect(await reason(bench.notifier.thread(posted, next))).toMatchObject({ retryAfterMs: 3000 });
    await bench.notifier.thread(posted, next);
    expect(bench.control.thread(CHANNEL, channel?.ts ?? '')).toHaveLength(3);
  });

  test('the requester is told directly, once, or named as unreachable', async () => {
    expect(await bench.notifier.tell('user:requester@acme.test', notice)).toBeNull();
    expect(await bench.notifier.tell('user:requester@acme.test', notice)).toBeNull();
    expect(bench.control.messages(bench.control.im('U0REQUESTER').id).map(({ text }) => text)).toEqual([
      'Refused\nBecause',
    ]);
    expect(await bench.notifier.tell('agent:support-bot', notice)).toEqual({
      person: 'agent:support-bot',
      why: 'has no Slack id in the directory',
    });
  });

  test('a public channel that the app is not in yet is joined', async () => {
    const other = await openBench('http', { channels: [{ name: 'finance-approvals', appIsMember: false }] });
    const { posted } = await other.notifier.post(WAITING, []);
    expect(posted).toHaveLength(1);
    await other.stop();
  });
});

describe('Socket Mode', () => {
  test('reconnects when Slack asks for it, also when Slack is down just then', async () => {
    const bench = await openBench('socket');
    const opened = (): number =>
      bench.control.calls.filter(({ method, status }) => method === 'apps.connections.open' && status === 200).length;
    const ready = (times: number) => until(() => opened() === times && bench.control.socketClients === 1);
    try {
      const at = await bench.ask();
      await ready(1);
      bench.control.refreshSockets();
      await ready(2);
      await until(() => bench.app.connected());
      bench.control.inject({ api: 'apps.connections.open', answer: 503, times: 2 });
      bench.control.refreshSockets();
      await ready(3);
      await until(() => bench.app.connected());
      await bench.control.click({ user: 'U0FINANCE', ...at, actionId: 'approve' });
      expect(bench.door.decisions).toHaveLength(1);
    } finally {
      await bench.stop();
    }
  });

  test('starts while Slack is down, and connects when it is back', async () => {
    const sandbox = await startSlackSandbox({ users: USERS });
    sandbox.control.inject({ outage: true });
    const log: SlackLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const app = createSlackApp({
      botToken: sandbox.botToken,
      appToken: sandbox.appToken,
      slackApiUrl: sandbox.apiUrl,
      door: memoryDoor(() => Promise.resolve()),
      logger: log,
    });
    try {
      await app.start();
      await until(() => sandbox.control.calls.length > 0);
      expect(app.connected()).toBe(false);
      sandbox.control.inject({ outage: false });
      await until(() => app.connected());
    } finally {
      await app.stop();
      await sandbox.stop();
    }
  });

  test('neither a signing secret nor an app token is a mistake of configuration', () => {
    const log: SlackLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const make = () => createSlackApp({ botToken: 'xoxb-1', door: memoryDoor(() => Promise.resolve()), logger: log });
    expect(make).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});
