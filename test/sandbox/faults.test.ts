import { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SandboxControlError, startSlackSandbox, type DeliveryFault } from '../../sandbox/slack/index.ts';
import { eventually } from '../support/eventually.ts';
import { APPROVAL_BLOCKS, CHANNELS, USERS, callApi, httpBench, socketBench, type Bench } from './support.ts';

let bench: Bench;
let clicks: string[];
let events: (number | undefined)[];
let hold: Promise<void> | undefined;
/** Clicks that reached the app. */
let held = 0;

beforeAll(async () => {
  bench = await httpBench();
  bench.app.action('approve', async ({ ack, action }) => {
    held += 1;
    await hold;
    clicks.push('value' in action ? String(action.value) : '');
    await ack();
  });
  bench.app.event('app_mention', async ({ context }) => {
    events.push(context.retryNum);
    await Promise.resolve();
  });
});
afterAll(async () => {
  await bench.stop();
});
beforeEach(() => {
  clicks = [];
  events = [];
  hold = undefined;
  held = 0;
  bench.sandbox.control.clearLogs();
});

const post = (): ReturnType<typeof callApi> =>
  callApi(bench.sandbox, 'chat.postMessage', {
    channel: '#finance-approvals',
    text: 'Refund?',
    blocks: APPROVAL_BLOCKS,
  });

async function click(): ReturnType<typeof bench.sandbox.control.click> {
  const { body } = await post();
  const at = { channel: String(body['channel']), ts: String(body['ts']) };
  return bench.sandbox.control.click({ user: 'U0ANNA', ...at, actionId: 'approve' });
}

describe('injected faults of the Web API', () => {
  it('answers 429 with Retry-After as often as asked, then as usual', async () => {
    bench.sandbox.control.inject({ api: 'chat.postMessage', answer: 429, retryAfter: 7, times: 2 });
    for (let i = 0; i < 2; i += 1) {
      const { status, headers, body } = await post();
      expect({ status, after: headers.get('retry-after'), error: body['error'] }).toEqual({
        status: 429,
        after: '7',
        error: 'ratelimited',
      });
    }
    expect((await post()).body).toMatchObject({ ok: true });
  });

  it('is seen by WebClient as a rate limit', async () => {
    bench.sandbox.control.inject({ api: '*', answer: 429, retryAfter: 7 });
    const client = new WebClient(bench.sandbox.botToken, {
      slackApiUrl: bench.sandbox.apiUrl,
      rejectRateLimitedCalls: true,
      retryConfig: { retries: 0 },
    });
    await expect(client.auth.test()).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error', retryAfter: 7 });
  });

  it.each([500, 502, 503])('answers %i', async (answer) => {
    bench.sandbox.control.inject({ api: 'chat.postMessage', answer });
    expect((await post()).status).toBe(answer);
  });

  it('answers an error of choice', async () => {
    bench.sandbox.control.inject({ api: 'chat.postMessage', error: 'is_archived' });
    expect((await post()).body).toEqual({ ok: false, error: 'is_archived' });
  });

  it('is out altogether, until it is back', async () => {
    bench.sandbox.control.inject({ outage: true });
    expect((await post()).status).toBe(503);
    expect((await callApi(bench.sandbox, 'auth.test')).status).toBe(503);
    bench.sandbox.control.inject({ outage: false });
    expect((await post()).status).toBe(200);
  });

  it('never answers, and can be given up on', async () => {
    bench.sandbox.control.inject({ api: 'auth.test', connection: 'hang' });
    const abort = new AbortController();
    const call = fetch(`${bench.sandbox.apiUrl}auth.test`, { method: 'POST', signal: abort.signal });
    await bench.sandbox.control.waitFor(() => bench.sandbox.control.calls.at(-1)?.method === 'auth.test');
    abort.abort();
    await expect(call).rejects.toThrow('aborted');
  });

  it('drops a call before it is done, or loses the answer after', async () => {
    const count = (): number => bench.sandbox.control.messages('finance-approvals').length;
    const before = count();
    bench.sandbox.control.inject({ api: 'chat.postMessage', connection: 'drop' });
    await expect(post()).rejects.toThrow('fetch failed');
    expect(count()).toBe(before);
    bench.sandbox.control.inject({ api: 'chat.postMessage', connection: 'lost' });
    await expect(post()).rejects.toThrow('fetch failed');
    expect(count()).toBe(before + 1);
  });
});

describe('injected faults of delivery', () => {
  const CASES: [deliver: DeliveryFault['deliver'], statuses: number[], clicks: number][] = [
    ['duplicate', [200, 200], 2],
    ['duplicate-concurrently', [200, 200], 2],
    // Bolt keeps no memory of signatures: the product must.
    ['replay', [200, 200], 2],
    ['bad-signature', [401], 0],
    ['old-timestamp', [401], 0],
    // Bolt accepts the future: the product must not.
    ['future-timestamp', [200], 1],
  ];

  it.each(CASES)('%s', async (deliver, statuses, count) => {
    bench.sandbox.control.inject({ deliver, of: 'interaction' });
    const result = await click();
    expect(result.deliveries.map((delivery) => delivery.status)).toEqual(statuses);
    expect(clicks).toHaveLength(count);
    expect(result.ok).toBe(statuses[0] === 200);
  });

  it('replays the very same bytes, and signs a duplicate anew', async () => {
    bench.sandbox.control.inject({ deliver: 'replay' });
    const [first, again] = (await click()).deliveries;
    expect(again?.headers).toEqual(first.headers);
    expect(again?.payload).toEqual(first.payload);
  });

  it('delays', async () => {
    bench.sandbox.control.inject({ deliver: 'delay', delayMs: 2000 });
    const before = bench.clock.waiting;
    const result = click();
    await eventually('the delay begins', () => (bench.clock.waiting > before ? true : undefined));
    expect(clicks).toEqual([]);
    bench.clock.advance(2000);
    expect(await result).toMatchObject({ ok: true });
  });

  it('delivers an event twice, the second time as a retry', async () => {
    const { control } = bench.sandbox;
    control.inject({ deliver: 'duplicate', of: 'event' });
    await control.write({ user: 'U0ANNA', channel: 'finance-approvals', text: '<@U0SANDBOXBOT> hi' });
    expect(events).toEqual([undefined, 1]);
    expect(control.deliveries.map((delivery) => delivery.headers['x-slack-retry-num'])).toEqual([undefined, '1']);
    expect(control.deliveries[0]?.payload['event_id']).toBe(control.deliveries[1]?.payload['event_id']);
  });

  it('tries an event again that was not taken: at once, after a minute, after five', async () => {
    const { control } = bench.sandbox;
    control.inject({ deliver: 'bad-signature', of: 'event' });
    await control.write({ user: 'U0ANNA', channel: 'finance-approvals', text: '<@U0SANDBOXBOT> hi' });
    expect(control.deliveries.map((delivery) => delivery.status)).toEqual([401]);
    bench.clock.advance(0);
    await control.waitFor(() => control.deliveries.length === 2);
    expect(control.deliveries[1]).toMatchObject({ status: 200, headers: { 'x-slack-retry-num': '1' } });
    expect(events).toEqual([1]);
  });

  it('sends forged requests as they are', async () => {
    const { control } = bench.sandbox;
    const { deliveries } = await click();
    const payload = { ...deliveries[0].payload, user: { id: 'U0BOB' } };
    expect(await control.deliver('interaction', payload, { secret: 'guess' })).toMatchObject({ status: 401 });
    expect(await control.deliver('interaction', payload, { timestamp: 1 })).toMatchObject({ status: 401 });
    expect(await control.deliver('interaction', payload)).toMatchObject({ status: 200 });
    expect(await control.postRaw('payload=%7B%7D', {})).toMatchObject({ status: 401 });
  });
});

describe('three seconds to answer', () => {
  it('shows the person an error when the app is too slow', async () => {
    const { control } = bench.sandbox;
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const result = click();
    await eventually('the app has the click', () => (held > 0 ? true : undefined));
    bench.clock.advance(3001);
    expect(await result).toMatchObject({ ok: false, status: 0, error: 'timeout' });
    expect(control.problems.at(-1)).toMatchObject({ user: 'U0ANNA', text: 'operation_timeout' });
    release();
  });

  it('shows an error when nobody is there', async () => {
    const alone = await startSlackSandbox({ users: USERS, channels: CHANNELS });
    const { control } = alone;
    expect(await control.slashCommand({ user: 'U0ANNA', command: '/x' })).toMatchObject({ status: 0, error: 'no_app' });
    expect(control.problems.at(-1)?.text).toBe('/x failed with the error "dispatch_failed"');
    control.setRequestUrl('http://127.0.0.1:9/slack/events');
    expect(await control.slashCommand({ user: 'U0ANNA', command: '/x' })).toMatchObject({ error: 'unreachable' });
    await alone.stop();
  });
});

describe('what a person cannot do', () => {
  const at = { channel: 'finance-approvals', ts: '1.1', actionId: 'approve' };
  it.each([
    ['nobody', { user: 'U0NOBODY', ...at }, 'user_not_found'],
    ['a deactivated user', { user: 'U0GONE', ...at }, 'user_deactivated'],
    ['an unknown message', { user: 'U0ANNA', ...at }, 'message_not_found'],
    ['a channel one is not in', { user: 'U0BOB', ...at, channel: 'board' }, 'channel_not_visible'],
    ['an unknown channel', { user: 'U0BOB', ...at, channel: 'nowhere' }, 'channel_not_found'],
  ])('%s', async (_what, act, code) => {
    const failed = bench.sandbox.control.click(act);
    await expect(failed).rejects.toBeInstanceOf(SandboxControlError);
    await expect(failed).rejects.toMatchObject({ code });
  });

  it('clicks a button that is gone only with an old screen', async () => {
    const { control } = bench.sandbox;
    const fresh = await httpBench();
    fresh.app.action('approve', async ({ ack }) => {
      await ack();
    });
    const { body } = await callApi(fresh.sandbox, 'chat.postMessage', {
      channel: '#finance-approvals',
      text: 'x',
      blocks: APPROVAL_BLOCKS,
    });
    const where = { channel: String(body['channel']), ts: String(body['ts']) };
    await callApi(fresh.sandbox, 'chat.update', { ...where, text: 'done', blocks: [] });
    const click = { user: 'U0ANNA', ...where, actionId: 'approve' };
    await expect(fresh.sandbox.control.click(click)).rejects.toMatchObject({ code: 'element_not_found' });
    expect(await fresh.sandbox.control.click({ ...click, stale: true })).toMatchObject({ ok: true });
    const forced = await fresh.sandbox.control.click({ ...click, user: 'U0GONE', stale: true, force: true });
    expect(forced.deliveries[0].payload['user']).toMatchObject({ id: 'U0GONE' });
    const other = await fresh.sandbox.control.click({ ...click, user: 'U0OTHER', stale: true });
    expect(other.deliveries[0].payload).toMatchObject({
      team: { id: 'T0OTHER' },
      user: { id: 'U0OTHER', team_id: 'T0OTHER' },
    });
    await fresh.stop();
    expect(control.problems).toEqual([]);
  });
});

describe('Socket Mode', () => {
  it('delivers duplicates, times out, and has clients come back when told', async () => {
    const socket = await socketBench();
    const { control } = socket.sandbox;
    let seen = 0;
    let silent = false;
    socket.app.action('approve', async ({ ack }) => {
      seen += 1;
      if (!silent) await ack();
    });
    const { body } = await callApi(socket.sandbox, 'chat.postMessage', {
      channel: '#finance-approvals',
      text: 'x',
      blocks: APPROVAL_BLOCKS,
    });
    const act = { user: 'U0ANNA', channel: String(body['channel']), ts: String(body['ts']), actionId: 'approve' };
    expect(control.socketClients).toBe(1);
    control.inject({ deliver: 'duplicate' });
    const { deliveries } = await control.click(act);
    expect(deliveries.map((delivery) => [delivery.transport, delivery.status])).toEqual([
      ['socket', 200],
      ['socket', 200],
    ]);
    expect(seen).toBe(2);
    silent = true;
    const slow = control.click(act);
    await eventually('the app has the third click', () => (seen < 3 ? undefined : true));
    socket.clock.advance(3001);
    expect(await slow).toMatchObject({ ok: false, error: 'timeout' });
    await socket.stop();
  });
});
