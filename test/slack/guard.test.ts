import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMetadataSeal, type Metadata } from '../../src/slack/metadata.ts';
import { buttonValue } from '../../src/slack/blocks/index.ts';
import { ACTION, WAITING } from './messages.ts';
import { openBench, until, type Bench } from './bench.ts';
import { untyped } from '../support/untyped.ts';

const FINANCE = 'U0FINANCE';

describe('the endpoint', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench('http');
  });
  afterAll(async () => {
    await bench.stop();
  });

  const seconds = (): number => Math.floor(Date.now() / 1000);
  const headers = (body: string, more: { timestamp?: string; secret?: string; drop?: string } = {}) => {
    const timestamp = more.timestamp ?? String(seconds());
    const secret = more.secret ?? bench.sandbox.signingSecret;
    const all: Record<string, string> = {
      'content-type': 'application/json',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`,
    };
    if (more.drop !== undefined) delete all[more.drop];
    return all;
  };
  let n = 0;
  const body = (): string => JSON.stringify({ type: 'url_verification', challenge: `c${(n += 1)}` });
  const post = async (text: string, given: Record<string, string>): Promise<number> =>
    (await bench.control.postRaw(text, given)).status;

  test('takes what is rightly signed, once', async () => {
    expect(await bench.control.verifyUrl()).toBe(true);
    const text = body();
    const signed = headers(text);
    expect(await post(text, signed)).toBe(200);
    expect(await post(text, signed)).toBe(401);
    // The same body under a new timestamp is one of Slack's own retries.
    expect(await post(text, headers(text, { timestamp: String(seconds() + 1) }))).toBe(200);
  });

  test('takes one of fifty identical requests at the same moment', async () => {
    const text = body();
    const signed = headers(text);
    const statuses = await Promise.all(Array.from({ length: 50 }, () => post(text, signed)));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(49);
  });

  test.each([
    ['an old timestamp', () => ({ timestamp: String(seconds() - 302) })],
    ['a timestamp of the future', () => ({ timestamp: String(seconds() + 302) })],
    ['a timestamp that is no number', () => ({ timestamp: 'soon' })],
    ['a timestamp in another notation', () => ({ timestamp: `0x${seconds().toString(16)}` })],
    ['a negative timestamp', () => ({ timestamp: '-1' })],
    ['another secret', () => ({ secret: 'not-the-secret' })],
    ['no signature', () => ({ drop: 'x-slack-signature' })],
    ['no timestamp', () => ({ drop: 'x-slack-request-timestamp' })],
  ])('answers 401 to %s', async (_name, more) => {
    const text = body();
    expect(await post(text, headers(text, more()))).toBe(401);
    expect(bench.lines.at(-1)).toContain('was refused');
  });

  test('answers 401 to a body that was altered, and 413 to one that is too large', async () => {
    const text = body();
    expect(await post(`${text} `, headers(text))).toBe(401);
    const large = JSON.stringify({ type: 'url_verification', challenge: 'x'.repeat(600_000) });
    expect(await post(large, headers(large))).toBe(413);
  });

  // Nobody but Slack can sign these; Bolt leaves what it does not know without an answer, which Slack shows as a failure.
  test.each(['', '{', '{"type":"block_actions"}', 'payload=%7B'])(
    'does nothing for a signed body of %j',
    async (text) => {
      expect(await post(text, headers(text))).not.toBe(200);
      expect(bench.door.decisions).toEqual([]);
    },
  );
});

describe('payloads that do not fit', () => {
  let bench: Bench;
  let at: { channel: string; ts: string };
  beforeEach(async () => {
    bench = await openBench('http');
    at = await bench.ask();
  });
  afterEach(async () => {
    await bench.stop();
  });

  const click = (more: object = {}) => ({
    type: 'block_actions',
    team: { id: 'T0SANDBOX', domain: 'sandbox' },
    user: { id: FINANCE, username: 'x', name: 'x', team_id: 'T0SANDBOX' },
    api_app_id: 'A0SANDBOX',
    token: 'x',
    enterprise: null,
    is_enterprise_install: false,
    container: { type: 'message', channel_id: at.channel, message_ts: at.ts, is_ephemeral: false },
    trigger_id: '1.2.3',
    channel: { id: at.channel, name: 'finance-approvals' },
    message: { ts: at.ts },
    response_url: `${bench.sandbox.url}/actions/T/none/none`,
    actions: [
      { type: 'button', action_id: 'approve', block_id: 'controls', value: buttonValue(WAITING), action_ts: '1' },
    ],
    ...more,
  });
  const action = (value: unknown) => ({
    actions: [{ type: 'button', action_id: 'approve', block_id: 'c', value, action_ts: '1' }],
  });

  test.each<[string, () => object]>([
    ['another workspace', () => ({ team: { id: 'T0OTHER' }, user: { id: FINANCE, team_id: 'T0OTHER' } })],
    ['a user of another workspace than it says', () => ({ user: { id: FINANCE, team_id: 'T0OTHER' } })],
    [
      'another channel',
      () => ({
        container: { type: 'message', channel_id: 'C0ELSEWHERE', message_ts: at.ts },
        channel: { id: 'C0ELSEWHERE' },
      }),
    ],
    ['a channel that contradicts itself', () => ({ channel: { id: 'C0ELSEWHERE' } })],
    ['a message that contradicts itself', () => ({ message: { ts: '1.000001' } })],
    [
      'another message',
      () => ({
        container: { type: 'message', channel_id: at.channel, message_ts: '1.000001' },
        message: { ts: '1.000001' },
      }),
    ],
    ['another action', () => action(buttonValue({ ...WAITING, action: `act_${'f'.repeat(64)}` }))],
    ['an older revision', () => action(buttonValue({ ...WAITING, revision: 0 }))],
    ['a revision that never was', () => action(buttonValue({ ...WAITING, revision: 99 }))],
    ['a value that is none of ours', () => action('{"action":"act_1"}')],
    ['no value', () => action(undefined)],
    [
      'a view that is not there',
      () => ({ container: { type: 'view', view_id: 'V1' }, channel: undefined, message: undefined }),
    ],
    [
      'an ephemeral message',
      () => ({ container: { type: 'message', channel_id: at.channel, message_ts: at.ts, is_ephemeral: true } }),
    ],
  ])('a click from %s changes nothing', async (_name, more) => {
    const answer = await bench.control.deliver('interaction', untyped(click(more())));
    expect(answer.status).toBe(200);
    await until(() => bench.lines.some((line) => line.includes('refused')));
    expect(bench.door.decisions).toEqual([]);
    expect(bench.door.messages.get(ACTION)).toEqual(WAITING);
  });

  test('the same click, fitting, decides', async () => {
    expect((await bench.control.deliver('interaction', untyped(click()))).status).toBe(200);
    expect(bench.door.decisions).toHaveLength(1);
  });

  test('a direct message decides for nobody but its reader', async () => {
    const row = bench.door.rows[0];
    if (row !== undefined) Object.assign(row, { kind: 'dm', person: 'user:cfo@acme.test' });
    await bench.control.deliver('interaction', untyped(click()));
    expect(bench.door.attempts[0]?.code).toBe('forbidden');
    expect(bench.door.decisions).toEqual([]);
  });

  const metadata = async (): Promise<string> => {
    await bench.control.click({ user: FINANCE, ...at, actionId: 'refuse_form' });
    return (await bench.control.waitFor(() => bench.control.modal(FINANCE))).privateMetadata;
  };
  const submission = (sealed: string, more: object = {}) => ({
    type: 'view_submission',
    team: { id: 'T0SANDBOX' },
    user: { id: FINANCE, team_id: 'T0SANDBOX' },
    api_app_id: 'A0SANDBOX',
    token: 'x',
    trigger_id: '1.2.3',
    view: {
      id: 'V0FORGED',
      type: 'modal',
      callback_id: 'refuse',
      private_metadata: sealed,
      state: { values: { reason: { value: { type: 'plain_text_input', value: 'because' } } } },
    },
    response_urls: [],
    ...more,
  });

  test.each<[string, (sealed: string) => object]>([
    ['metadata that was altered', (sealed) => submission(`x${sealed}`)],
    ['no metadata', () => submission('')],
    ['metadata of our own making', () => submission(createMetadataSeal('another').seal({ expires: 9e9 } as Metadata))],
    ['another user', (sealed) => submission(sealed, { user: { id: 'U0CFO', team_id: 'T0SANDBOX' } })],
    [
      'another workspace',
      (sealed) => submission(sealed, { team: { id: 'T0OTHER' }, user: { id: FINANCE, team_id: 'T0OTHER' } }),
    ],
    [
      'another form',
      (sealed) => {
        const forged = submission(sealed);
        return { ...forged, view: { ...forged.view, callback_id: 'approve' } };
      },
    ],
  ])('a submission with %s changes nothing', async (_name, make) => {
    const answer = await bench.control.deliver('interaction', untyped(make(await metadata())));
    expect(JSON.parse(answer.body)).toMatchObject({ response_action: 'errors' });
    expect(bench.door.decisions).toEqual([]);
    expect(bench.door.attempts.length).toBeGreaterThan(0);
  });

  test('a submission whose message is no longer ours changes nothing', async () => {
    const sealed = await metadata();
    bench.door.rows.length = 0;
    const answer = await bench.control.deliver('interaction', untyped(submission(sealed)));
    expect(answer.body).toContain('not one that Countersign sent');
    expect(bench.door.decisions).toEqual([]);
  });
});

describe('what a form carries', () => {
  const seal = createMetadataSeal('secret');
  const meta: Metadata = {
    kind: 'approve',
    workspace: 'T1',
    user: 'U1',
    channel: 'C1',
    message: '1.1',
    tenant: 'default',
    action: ACTION,
    stage: 0,
    shown: `sha256:${'a'.repeat(64)}`,
    about: `sha256:${'b'.repeat(64)}`,
    expires: 1000,
  };

  test('comes back as it went, until it expires, within Slack’s limit', () => {
    const sealed = seal.seal(meta);
    expect(sealed.length).toBeLessThan(3000);
    expect(seal.open(sealed, 1000)).toEqual(meta);
    expect(seal.open(sealed, 1001)).toBeNull();
  });

  test.each([
    '',
    '.',
    'a.b',
    'a.b.c',
    `${seal.seal(meta)}.x`,
    seal.seal(meta).slice(1),
    createMetadataSeal('other').seal(meta),
  ])('%# is none of ours', (sealed) => {
    expect(seal.open(sealed, 0)).toBeNull();
  });
});
