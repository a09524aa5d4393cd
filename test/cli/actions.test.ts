import { RESPONSIBILITY } from '../../src/contract/responsibility.ts';
import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STATUSES, type Status } from '../../src/contract/index.ts';
import { actionOf, countersign, problem, testServer, type Answer, type TestServer } from './harness.ts';

let server: TestServer;
let env: Record<string, string>;
const folder = mkdtempSync(join(tmpdir(), 'cli-'));

beforeAll(async () => {
  server = await testServer();
  env = { COUNTERSIGN_URL: server.url, COUNTERSIGN_API_KEY: 'csk_test' };
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.answers.length = 0;
});

const REQUEST = ['request', '--surface', 'payments.refund', '--action', 'refund.create', '--actor', 'agent:bot'];
const run = (args: string[], input?: string) =>
  countersign(args, { env, cwd: folder, ...(input === undefined ? {} : { input }) });
const queue = (...answers: (Answer | 'reset')[]): void => void server.answers.push(...answers);

describe('exit codes of what an action became', () => {
  const exits: Record<Status, number> = {
    evaluating: 4,
    supervised: 4,
    released: 0,
    executed: 0,
    failed: 1,
    skipped: 1,
    unreported: 1,
    lapsed: 1,
    refused: 3,
    expired: 4,
    cancelled: 3,
  };
  it.each(STATUSES.map((status) => [status, exits[status]] as const))('show: %s exits %i', async (status, code) => {
    queue({ status: 200, body: actionOf(status) });
    const ran = await run(['show', 'act_1', '--json']);
    expect([ran.code, ran.err]).toEqual([code, '']);
    expect(JSON.parse(ran.out)).toEqual(actionOf(status));
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/v1/actions/act_1' });
    expect(server.seen[0]?.headers['authorization']).toBe('Bearer csk_test');
  });
});

describe('exit codes of errors', () => {
  it.each<[string, number, number]>([
    ['unauthenticated', 401, 1],
    ['forbidden', 403, 3],
    ['not-an-approver', 403, 3],
    ['own-request', 403, 3],
    ['already-decided', 403, 3],
    ['not-open', 409, 3],
    ['not-found', 404, 2],
    ['invalid-request', 400, 2],
    ['reason-required', 422, 2],
    ['change-not-allowed', 422, 3],
    ['rate-limited', 429, 1],
    ['internal', 500, 1],
    ['unavailable', 503, 1],
    ['a-code-of-a-later-version', 403, 3],
  ])('approve: %s exits by its kind', async (code, status, want) => {
    queue(problem(code, status, { errors: [{ pointer: '/reason', detail: 'is missing' }] }));
    const ran = await run(['approve', 'act_1']);
    expect(ran.code).toBe(want);
    expect(ran.out).toBe('');
    expect(ran.err).toContain(`countersign: said ${code}; do this next`);
    expect(ran.err).toContain('/reason: is missing');
  });

  it('prints them as JSON when asked', async () => {
    queue(problem('not-open', 409));
    const ran = await run(['approve', 'act_1', '--json']);
    expect(JSON.parse(ran.err)).toEqual({ code: 'not-open', detail: 'said not-open; do this next' });
  });

  it.each<[string, string[], RegExp]>([
    ['no verb', [], /Usage/],
    ['an unknown verb', ['aprove'], /approve/],
    ['an unknown option', ['show', 'act_1', '--frobnicate'], /frobnicate/],
    ['a missing id', ['approve'], /id/],
    ['a refusal without a reason', ['refuse', 'act_1'], /--reason/],
    ['an id that is a path', ['show', '../keys'], /act_/],
    ['a parameter without a value', [...REQUEST, '--param', 'amount'], /key=value/],
    [
      'more digits than a number keeps',
      [...REQUEST, '--param', 'amount=12345678901234567.89'],
      /amount="12345678901234567.89"/,
    ],
    ['a key that is none', [...REQUEST, '--param', '__proto__.x=1'], /not a usable key/],
    ['a wait that is no number', [...REQUEST, '--wait', 'soon'], /seconds/],
    ['an actor of no type', ['request', '--surface', 's', '--action', 'a', '--actor', 'bot'], /--actor-type/],
    ['no surface', ['request', '--action', 'a', '--actor', 'agent:bot'], /--surface/],
    ['an absent file', ['request', '--file', 'absent.json'], /absent\.json/],
    ['a URL that is none', ['show', 'act_1', '--url', 'localhost:8787'], /not a URL/],
    ['standard input twice', [...REQUEST, '--params', '-', '--content', '-'], /once/],
  ])('%s is a usage error', async (_, args, message) => {
    const ran = await run(args);
    expect(ran.err).toMatch(message);
    expect([ran.code, server.seen.length]).toEqual([2, 0]);
  });

  it('help and version are no errors', async () => {
    const help = await run(['--help']);
    expect([help.code, help.err]).toEqual([0, '']);
    expect(help.out).toContain('Exit codes');
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe('request', () => {
  it('sends what was typed, with its types', async () => {
    queue({ status: 200, body: actionOf('released') });
    writeFileSync(
      join(folder, 'base.json'),
      JSON.stringify({ surface: 'x.y', params: { currency: 'EUR', note: 'kept' } }),
    );
    const ran = await run(
      [
        ...REQUEST,
        '--file',
        'base.json',
        '--params',
        '-',
        '--role',
        'support',
        '--on-behalf-of',
        'user:req@acme.test',
        '--param',
        'amount=420.5',
        '--param',
        'currency=USD',
        '--param',
        'ref="007"',
        '--param',
        'tags=["a"]',
        '--param',
        'ok=true',
        '--param',
        'a.b=1',
        '--param',
        'a.c=x=y',
        '--resource',
        'type=order',
        '--resource',
        'id=991',
        '--context',
        'environment=production',
        '--context',
        'labels=["pii"]',
        '--callback',
        'https://acme.test/hook',
        '--connector',
        'ledger',
        '--idempotency-key',
        'k1',
        '--json',
      ],
      '{"amount":1,"piped":null}',
    );
    expect([ran.err, ran.code]).toEqual(['', 0]);
    expect(JSON.parse(ran.out)).toEqual(actionOf('released'));
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/v1/actions',
      headers: { 'idempotency-key': 'k1' },
    });
    expect(server.seen[0]?.body).toEqual({
      surface: 'payments.refund',
      action: 'refund.create',
      actor: {
        id: 'agent:bot',
        type: 'agent',
        roles: ['support'],
        onBehalfOf: { id: 'user:req@acme.test', type: 'user' },
      },
      params: {
        currency: 'USD',
        note: 'kept',
        amount: 420.5,
        piped: null,
        ref: '007',
        tags: ['a'],
        ok: true,
        a: { b: 1, c: 'x=y' },
      },
      resource: { type: 'order', id: '991' },
      context: { environment: 'production', labels: ['pii'] },
      execution: { connector: 'ledger' },
      callback: 'https://acme.test/hook',
    });
  });

  it('shows a refusal as what became of the action', async () => {
    queue(problem('action-refused', 403, { action: actionOf('refused'), receipt: null }));
    const ran = await run(REQUEST);
    expect([ran.code, ran.err]).toEqual([3, '']);
    expect(ran.out).toContain('act_1  is refused');
    expect(ran.out).toContain('between 100 and 1,000');
  });

  it('makes a key of its own when none is given', async () => {
    queue({ status: 202, body: actionOf('supervised') }, { status: 202, body: actionOf('supervised') });
    expect((await run(REQUEST)).code).toBe(4);
    expect((await run(REQUEST)).code).toBe(4);
    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^cli-/);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('--wait follows the action by long polls until it is closed, through a restart of the server', async () => {
    queue(
      { status: 202, body: actionOf('supervised') },
      { status: 200, body: actionOf('supervised') },
      'reset',
      problem('unavailable', 503, { retryAfter: 0 }),
      { status: 200, body: actionOf('released') },
    );
    const ran = await run([...REQUEST, '--wait']);
    expect(ran.err).toContain('act_1 waits for a human');
    expect(ran.out).toContain('eyJ.e30.x');
    expect(ran.code).toBe(0);
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/v1/actions',
      ...Array<string>(4).fill('/v1/actions/act_1?wait=60'),
    ]);
  });

  it('--wait ends after its seconds', async () => {
    queue({ status: 202, body: actionOf('supervised') });
    const ran = await run([...REQUEST, '--wait', '0']);
    expect(ran.code).toBe(4);
    expect(ran.err).toContain('countersign show act_1');
  });

  it('asks again with the same key while the verdict is not there', async () => {
    queue(problem('unavailable', 503, { retryAfter: 0, action: actionOf('evaluating') }), {
      status: 200,
      body: actionOf('released'),
    });
    expect((await run(REQUEST)).code).toBe(0);
    const [one, two] = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(one).toBe(two);
  });

  it('names the key when it cannot know whether anything was started', async () => {
    queue(problem('unavailable', 503));
    const ran = await run([...REQUEST, '--idempotency-key', 'k7']);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('--idempotency-key k7');
  });

  it.each<[string, Answer]>([
    ['HTML', { status: 200, body: '<html>' }],
    ['other JSON', { status: 200, body: { ok: true } }],
    ['broken JSON', { status: 200, body: '{', headers: { 'content-type': 'application/json' } }],
    ['an HTML error', { status: 502, body: '<html>' }],
    ['a redirect elsewhere', { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } }],
  ])('a server that answers %s is a fault', async (_, answer) => {
    queue(answer);
    const ran = await run(REQUEST);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('COUNTERSIGN_URL');
  });
});

describe('approve and refuse', () => {
  it('send the decision through their own door', async () => {
    queue({ status: 200, body: actionOf('released') });
    const ran = await run(['approve', 'act_1', '--reason', 'checked', '--stage', '0', '--change', 'params.amount=300']);
    expect([ran.code, ran.err]).toEqual([0, `${RESPONSIBILITY}\n`]);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/v1/actions/act_1/decisions',
      headers: { 'countersign-door': 'cli' },
    });
    expect(server.seen[0]?.body).toEqual({
      decision: 'approve',
      reason: 'checked',
      stage: 0,
      changes: { 'params.amount': 300 },
    });
  });

  it.each<[string[], Status, number]>([
    [['approve', 'act_1'], 'supervised', 4],
    [['approve', 'act_1'], 'refused', 3],
    [['refuse', 'act_1', '--reason', 'no'], 'refused', 0],
    [['refuse', 'act_1', '--reason', 'no'], 'supervised', 4],
  ])('%j that leaves the action %s exits %i', async (args, status, code) => {
    queue({ status: 200, body: actionOf(status) });
    expect((await run(args)).code).toBe(code);
  });

  it('are sent once: a decision carries no key that would make asking again safe', async () => {
    queue('reset');
    expect((await run(['approve', 'act_1'])).code).toBe(1);
    expect(server.seen).toHaveLength(1);
  });

  it('say how to act as a person', async () => {
    queue(problem('not-an-approver', 403));
    expect((await run(['approve', 'act_1'])).err).toContain('--as user:');
  });
});

describe('evaluate', () => {
  it.each([
    ['approve', 0],
    ['constrain', 0],
    ['supervise', 4],
    ['refuse', 3],
  ] as const)('%s exits %i, and starts nothing', async (decision, code) => {
    const verdict = { ...actionOf('released').verdict, decision };
    const trace = [{ policy: 'payments.refund', rule: 'small', when: 'x', result: 'matched', detail: null, decision }];
    queue({ status: 200, body: { verdict, observed: null, plan: null, trace } });
    const ran = await run(['evaluate', ...REQUEST.slice(1), '--param', 'amount=1']);
    expect([ran.code, ran.err]).toEqual([code, '']);
    expect(ran.out).toContain(`${decision} (rule)`);
    expect(ran.out).toContain('payments.refund / small: matched');
    expect(server.seen).toMatchObject([{ method: 'POST', path: '/v1/evaluate', body: { params: { amount: 1 } } }]);
  });
});

describe('permit', () => {
  it('posts for a fresh permit, and prints it', async () => {
    queue({ status: 200, body: { ...actionOf('released'), permit: 'eyJfresh' } });
    const ran = await run(['permit', 'act_1']);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('eyJfresh');
  });

  it('says why there is none', async () => {
    queue({
      status: 409,
      body: { code: 'permit-already-redeemed', status: 409, title: 'x', detail: 'it was redeemed' },
    });
    const ran = await run(['permit', 'act_1']);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain('it was redeemed');
  });
});

describe('show --receipts', () => {
  it('writes the receipt of each record', async () => {
    queue(
      { status: 200, body: actionOf('released', { records: ['sha256:aa', 'sha256:bb'] }) },
      { status: 200, body: { n: 0 } },
      { status: 200, body: { n: 1 } },
    );
    const ran = await run(['show', 'act_1', '--receipts', 'out']);
    expect(ran.code).toBe(0);
    expect(server.seen.slice(1).map(({ path }) => path)).toEqual([
      '/v1/records/sha256%3Aaa/receipt',
      '/v1/records/sha256%3Abb/receipt',
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'out/act_1-1.receipt.json'), 'utf8'))).toEqual({ n: 1 });
  });
});

describe('the local stack', () => {
  const data = join(folder, 'data');
  const local = (args: string[], more: Record<string, string> = {}) =>
    countersign(args, { env: { COUNTERSIGN_DATA: data, ...more }, cwd: folder });

  it('is found through its data folder', async () => {
    const none = await local(['show', 'act_1']);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('countersign start')]);

    mkdirSync(data);
    writeFileSync(join(data, 'runtime.json'), JSON.stringify({ url: server.url, pid: 1 }));
    const keyless = await local(['show', 'act_1']);
    expect([keyless.code, keyless.err]).toEqual([1, expect.stringContaining('COUNTERSIGN_API_KEY')]);

    writeFileSync(join(data, 'first-key'), 'csk_first\n');
    queue({ status: 200, body: actionOf('released') });
    expect((await local(['show', 'act_1'])).code).toBe(0);
    expect(server.seen[0]?.headers['authorization']).toBe('Bearer csk_first');
  });

  it('keeps its key to itself', async () => {
    const ran = await local(['show', 'act_1'], { COUNTERSIGN_URL: 'http://countersign.invalid' });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('countersign.invalid')]);
    const asPerson = await local(['approve', 'act_1', '--as', 'user:x', '--url', 'http://countersign.invalid']);
    expect([asPerson.code, asPerson.err]).toEqual([1, expect.stringContaining('countersign.invalid')]);
  });

  it('that has stopped is said to be', async () => {
    writeFileSync(join(data, 'runtime.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: 1 }));
    const ran = await local(['show', 'act_1']);
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('nothing answers at http://127.0.0.1:1')]);
    writeFileSync(join(data, 'runtime.json'), '{');
    expect((await local(['show', 'act_1'])).err).toContain('damaged');
  });
});
