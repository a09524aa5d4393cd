/** Two tenants in one stack, each with its own people, policies, Slack workspace, keys and issuer, and nothing of the other's. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHmac, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlackSandbox, type RunningSandbox } from '../../sandbox/slack/index.ts';
import { issuePersonToken } from '../../src/identity/index.ts';
import { createApi } from '../../src/api/server.ts';
import { signInLinkOf } from '../support/signed-in.ts';
import { eventually } from '../support/eventually.ts';
import { operations, type PathValues } from '../support/operations.ts';
import { edited, publish } from '../support/policies.ts';
import { buildBundle } from '../../src/policy/index.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const BOSS = 'user:boss@acme.example';
const AUDITOR = 'user:auditor@acme.example';
const RISK = 'user:risk@acme.example';
const DIRECTORY = `people:
  - { id: ${BOSS}, name: The Boss, groups: [finance], roles: [owner], slack: { workspace: T0ACME, user: U0BOSS } }
  - { id: ${AUDITOR}, name: The Auditor, roles: [auditor] }
  - { id: ${RISK}, name: The Risk Officer, groups: [risk] }
`;
const POLICY = `policy: payments.refund
surfaces: [payments.refund]
disclose: [params.amount]
amount: params.amount
rules:
  - { id: free, when: params.amount <= 5, then: approve }
  - id: asked
    when: 'true'
    then: supervise
    approval: { stages: [{ name: boss, approvers: ["group:finance"] }], expires: 4h }
    notify: ["#refunds"]
`;
const PUBLISHING = `policy: countersign.policy
surfaces: [countersign.policy]
rules: [{ id: all, when: 'true', then: approve }]
`;

let stack: TestStack;
let slack: RunningSandbox;
let web: Server;
let issuer: string;
let folder: string;
let key: CryptoKey;
/** The first key of the other tenant. */
let acme: string;
let callers: [string, string][];

const personOf = (tenant: string, person: string): Promise<string> =>
  issuePersonToken(stack.stack.parts.keys.attestation, {
    ...{ person, tenant, now: Date.now() },
    directory: stack.stack.parts.directory.current(tenant),
  });
const as = (token: string) => ({ token });

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' };
  web = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  slack = await startSlackSandbox({
    workspace: { id: 'T0ACME', name: 'Acme' },
    users: [{ id: 'U0BOSS', name: 'boss', realName: 'The Boss', email: 'boss@acme.example', tz: 'Etc/UTC' }],
    channels: ['refunds'],
  });
  folder = mkdtempSync(join(tmpdir(), 'countersign-tenants-'));
  mkdirSync(join(folder, 'acme'));
  writeFileSync(join(folder, 'acme', 'directory.yaml'), DIRECTORY);
  const workspace = { botToken: slack.botToken, signingSecret: slack.signingSecret, apiUrl: slack.apiUrl };
  const tenants = { tenants: [{ name: 'acme', directory: 'acme/directory.yaml', slack: workspace }] };
  writeFileSync(join(folder, 'tenants.yaml'), JSON.stringify(tenants));
  const map = { actor: 'agent:ci/{sub}', tenant: 'acme', surfaces: ['**'] };
  const ci = { name: 'ci', issuer, audience: 'countersign', jwksUri: `${issuer}/keys`, algorithms: ['ES256'], map };
  writeFileSync(join(folder, 'issuers.yaml'), JSON.stringify({ issuers: [ci] }));
  stack = await startTestStack({
    COUNTERSIGN_TENANTS: join(folder, 'tenants.yaml'),
    COUNTERSIGN_ISSUERS: join(folder, 'issuers.yaml'),
  });
  slack.control.setRequestUrl(`${stack.url}/slack/events/acme`);
  acme = (await stack.call('POST', '/v1/tenants', { name: 'acme' })).body.key;
  const scoped = { surfaces: ['**'], actors: ['agent:support-bot'] };
  const reader = { for: 'an auditor', days: 1 };
  callers = [
    ['its first key', acme],
    ['a scoped key', (await stack.call('POST', '/v1/api-keys', scoped, as(acme))).body.key],
    ['a read token', (await stack.call('POST', '/v1/read-tokens', reader, as(acme))).body.token],
    ['a SCIM token', (await stack.call('POST', '/v1/scim-tokens', { for: 'a provider' }, as(acme))).body.token],
    ['an owner', await personOf('acme', BOSS)],
    ['an auditor', await personOf('acme', AUDITOR)],
    [
      'a token of its issuer',
      await new SignJWT({ sub: 'app' })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(issuer)
        .setAudience('countersign')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(key),
    ],
  ];
});
afterAll(async () => {
  await stack.stop({ replay: false });
  await slack.stop();
  web.close();
  rmSync(folder, { recursive: true });
});

describe('nothing of one tenant is answered to the other', () => {
  const MARK = 'agent:only-in-the-stacks-own';
  let values: PathValues;
  let marks: string[];
  let parked: string;
  let permit: string;

  beforeAll(async () => {
    const actor = { id: MARK, type: 'agent' };
    const released = (await stack.ask(refund(6, { actor }))).body;
    permit = released.permit;
    const waits = (await stack.ask(refund(500, { actor }))).body;
    parked = waits.id;
    const steps = [refund(7, { actor }), refund(501, { actor })];
    const headers = { 'idempotency-key': randomUUID() };
    const planned = (await stack.call('POST', '/v1/plans', { steps }, { headers })).body;
    const [hash = ''] = waits.records as string[];
    const frozen = (
      await stack.call('POST', '/v1/freezes', {
        scope: 'actor',
        value: 'agent:frozen-there',
        reason: 'only there',
        unknown: true,
      })
    ).body;
    const made = (await stack.call('POST', '/v1/api-keys', { surfaces: ['deploy.*'], actors: [MARK] })).body;
    const reader = (await stack.call('POST', '/v1/read-tokens', { for: 'a reader only there', days: 1 })).body;
    const provisioner = (await stack.call('POST', '/v1/scim-tokens', { for: 'a provider only there' })).body;
    const kept = (what: string, body: object) => stack.call('POST', `/scim/v2/${what}`, body, as(provisioner.token));
    const person = (await kept('Users', { userName: 'only-there@acme.test', active: true })).body.id;
    const group = (await kept('Groups', { displayName: 'only-there' })).body.id;
    const link = new URL(await signInLinkOf(stack, LEAD)).searchParams.get('code');
    const session = (await stack.call('POST', '/v1/sessions', { code: link })).body.id;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const lent = (
      await stack.call('POST', '/v1/delegations', { to: 'user:cfo@acme.test', until }, as(await stack.person(LEAD)))
    ).body;
    // A bundle that waits there to be published: the one in force is the other's too, who began with it.
    const files = edited('payments.refund.yaml', 'description: ', 'description: Only there. ');
    await publish(stack, { files });
    const bundle = buildBundle(files).bundle?.hash ?? '';
    const { keys } = (await stack.call('GET', '/v1/signing-keys')).body as { keys: { kid: string }[] };
    marks = [
      MARK,
      'agent:frozen-there',
      parked,
      released.id,
      hash,
      frozen.id,
      made.id,
      reader.id,
      provisioner.id,
      session,
      'only-there',
      lent.id,
      LEAD,
      'user:cfo@acme.test',
    ];
    const { body: saved } = await stack.call('POST', '/v1/views', { name: 'view there', query: 'q=there' });
    /** What each parameter names of the stack's own tenant. A new one is named here, or the matrix fails. */
    const named: Record<string, string> = {
      '/v1/actions/{id}': parked,
      '/access/v1/requests/{id}': parked,
      '/v1/plans/{id}': planned.id,
      '/v1/findings/{id}': 'fnd_there',
      '/v1/freezes/{id}': frozen.id,
      '/v1/delegations/{id}': lent.id,
      '/v1/grants/{id}': 'grt_there',
      '/v1/views/{id}': saved.id,
      '/v1/passkeys/{id}': 'passkey:there',
      '/v1/api-keys/{id}': made.id,
      '/v1/read-tokens/{id}': reader.id,
      '/v1/scim-tokens/{id}': provisioner.id,
      '/v1/sessions/{id}': session,
      '/scim/v2/Users/{id}': person,
      '/scim/v2/Groups/{id}': group,
      '/v1/signing-keys/{kid}': keys[0]?.kid ?? '',
      '/v1/policies/{bundle}': bundle,
      '/v1/records/{hash}': hash,
      '/log/{tenant}': 'default',
      '/log/{tenant}/tile/{level}': '0',
      '/log/{tenant}/tile/{level}/{index}': '000.p/1',
      '/log/{tenant}/tile/entries/{index}': '000.p/1',
    };
    values = (path, parameter) => {
      const value = named[path.slice(0, path.indexOf(`{${parameter}}`) + parameter.length + 2)];
      if (value === undefined)
        throw new Error(`say in this test what {${parameter}} of ${path} is of the other tenant`);
      return value;
    };
  });

  /** What the contract makes public: checkpoints, hash tiles and keys, and how the stack is. */
  const PUBLIC = [
    'GET /.well-known/authzen-configuration',
    'GET /.well-known/jwks.json',
    'GET /healthz',
    'GET /log/{tenant}/checkpoint',
    'GET /log/{tenant}/checkpoint.witnessed',
    'GET /log/{tenant}/jwks.json',
    'GET /log/{tenant}/keys.json',
    'GET /log/{tenant}/tile/{level}/{index}',
    'GET /log/{tenant}/vkey',
    'GET /metrics',
    'GET /readyz',
    // Whoever has a code, or a device on which somebody signs in, is nobody yet.
    'POST /v1/sessions',
    'POST /v1/sessions/device',
    // Believed by its own signature.
    'POST /signals/caep',
  ];
  /** What would end the tenant's own means to ask on: shown elsewhere. */
  const bodyFor = (path: string, example: unknown): unknown => {
    if (path === '/v1/permits/redeem') return { permit };
    if (path === '/v1/freezes') return { scope: 'actor', value: 'agent:nobody', reason: 'a test', unknown: true };
    if (path === '/v1/policies/backtest') return {};
    return example;
  };

  it('whoever asks, by whichever operation of the document', async () => {
    const all = operations((path, parameter) => values(path, parameter));
    const open = all.filter((one) => one.open).map(({ method, path }) => `${method} ${path}`);
    expect(open.sort()).toEqual([...PUBLIC].sort());
    const leaks: string[] = [];
    let tried = 0;
    // Lists first: what was tried is listed too, among one's own attempts.
    const closed = all
      .filter((one) => !one.open)
      .sort((a, b) => Number(a.method !== 'GET') - Number(b.method !== 'GET'));
    for (const { method, path, address, body } of closed.sort(
      (a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')),
    )) {
      for (const [who, token] of callers) {
        const response = await fetch(stack.url + address, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': randomUUID(),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(bodyFor(path, body)) }),
        });
        const text = await response.text();
        const said = { status: response.status, what: `${method} ${path} for ${who}: ${response.status}` };
        tried += 1;
        // What is named in the address is the other's, and so is the permit: no answer may be a good one.
        const theirs = path.includes('{') || path === '/v1/permits/redeem';
        const echo = JSON.stringify({ address, body: bodyFor(path, body) });
        const shown = marks.filter((mark) => text.includes(mark) && !echo.includes(mark));
        if ((theirs && said.status < 400) || said.status >= 500 || shown.length > 0)
          leaks.push(`${said.what} ${shown.join()}`);
      }
    }
    expect(leaks).toEqual([]);
    expect(tried).toBeGreaterThan(250);
  }, 300_000);

  it('and nothing of it was changed', async () => {
    expect((await stack.call('GET', `/v1/actions/${parked}`)).body).toMatchObject({ status: 'supervised' });
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    const { freezes } = (await stack.call('GET', '/v1/freezes')).body;
    expect(freezes).toMatchObject([{ value: 'agent:frozen-there' }]);
  });

  it('no route is left out of the document', () => {
    const never = new Proxy({}, { get: () => () => Promise.reject(new Error('never called')) });
    const options: object = { gateway: never, log: never, errorLog: never, checks: [], requestsPerMinute: 1 };
    const described = new Set(
      operations(() => 'x').map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, ':')}`),
    );
    const missing = routesOf(createApi(options as Parameters<typeof createApi>[0])).filter(
      (route) => !described.has(route),
    );
    // A log's files are described one by one. The codec's page takes a person's token, and answers with nothing of any tenant.
    const page = ['GET /', 'POST /session'];
    expect(missing).toEqual(['GET /log/:/:', 'GET /openapi.json', ...page]);
  });
});

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** Methods and paths of an application, its parameters as `:`. */
function routesOf(app: { router: unknown }): string[] {
  const found: string[] = [];
  const look = ({ stack: layers = [] }: { stack?: Layer[] }): void => {
    for (const { route, handle } of layers) {
      if (route === undefined) look(handle);
      else
        for (const path of [route.path].flat())
          for (const method of Object.keys(route.methods))
            found.push(`${method.toUpperCase()} ${path.replaceAll(/:\w+|\{?\*\w+\}?/g, ':')}`);
    }
  };
  look(app.router as { stack?: Layer[] });
  return found;
}

describe('each tenant has its own', () => {
  it('people: those of the other are nobody', async () => {
    await expect(personOf('acme', LEAD)).rejects.toMatchObject({ code: 'not-found' });
    await expect(personOf('default', BOSS)).rejects.toMatchObject({ code: 'not-found' });
    const inDefault = await personOf('default', LEAD);
    expect((await stack.call('GET', '/v1/passkeys', undefined, as(inDefault))).status).toBe(200);
  });

  it('policies, and people who decide by them in its own Slack', async () => {
    const files = [
      { path: 'payments.refund.yaml', text: POLICY },
      { path: 'countersign.policy.yaml', text: PUBLISHING },
    ];
    const headers = { 'idempotency-key': randomUUID() };
    const published = await stack.call('POST', '/v1/policies', { reason: 'ours', files }, { token: acme, headers });
    expect(published.body.approval.stages[0].approvers).toEqual([RISK]);
    const yes = { decision: 'approve', reason: 'ours' };
    const risk = as(await personOf('acme', RISK));
    expect((await stack.call('POST', `/v1/actions/${published.body.id}/decisions`, yes, risk)).status).toBe(200);
    await eventually('its policies in force', async () => {
      const { body } = await stack.call('GET', `/v1/actions/${published.body.id}`, undefined, as(acme));
      return body.status === 'executed' || undefined;
    });
    const free = await stack.ask(refund(5), as(acme));
    expect(free.body.status).toBe('released');
    const asked = await stack.ask(refund(50), as(acme));
    expect(asked.body.approval.stages[0].approvers).toEqual([BOSS]);
    const { control } = slack;
    const message = await eventually('the message in the other workspace', () =>
      control.messages('refunds').find((one) => JSON.stringify(one.blocks).includes(asked.body.id)),
    );
    await control.click({ user: 'U0BOSS', channel: message.channel, ts: message.ts, actionId: 'approve' });
    const action = await eventually('the decision', async () => {
      const { body } = await stack.call('GET', `/v1/actions/${asked.body.id}`, undefined, as(acme));
      return body.status === 'released' ? body : undefined;
    });
    expect(action.approval.stages[0].decisions).toMatchObject([{ by: BOSS, via: 'slack' }]);
  });

  it('Slack app: what one signs is nothing at the door of the other', async () => {
    const body = 'payload=%7B%7D';
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', slack.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    const headers = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${signature}` };
    expect((await fetch(`${stack.url}/slack/events`, { method: 'POST', headers, body })).status).toBe(401);
  });

  it('issuer, whose tokens ask in its name alone', async () => {
    const token = callers.at(-1)?.[1] ?? '';
    const { body } = await stack.ask(refund(5, { actor: { id: 'agent:ci/app', type: 'agent' } }), { token });
    expect([body.tenant, body.status]).toEqual(['acme', 'released']);
  });
});
