/**
 * Secrets are planted wherever a caller can put one, everything that can happen to an action happens, and then the secrets are looked
 * for in all that was written or sent: the database's files and rows, the log's tiles, Temporal's file, Slack, callbacks, and what the
 * processes said.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startSlackSandbox, type RunningSandbox } from '../../sandbox/slack/index.ts';
import { decodeEntries } from '../../src/ledger/index.ts';
import { issuePersonToken, parseDirectory, type Directory } from '../../src/identity/index.ts';
import { openFileKeys } from '../../src/keys/index.ts';
import { openEmbeddedPostgres } from '../../src/store/index.ts';
import type { Envelope } from '../../src/contract/index.ts';
import { policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { search, searchFolder, searchTables, wanted, type Wanted } from './search.ts';
import { untyped } from '../support/untyped.ts';

/** In every secret of this run, so that one search finds them all; what follows it names the one. */
const MARK = `planted${randomBytes(9).toString('hex')}`;
/** In what policy discloses: found, or the search is worth nothing. */
const SEEN = `shown${randomBytes(9).toString('hex')}`;
const secret = (name: string): string => `${MARK}-${name}`;
/** Not written as it is in JSON or a URL. */
const odd = (name: string): string => `${MARK}-${name} "ü/\\?`;

/** Every policy feature that touches a value: limits, changes by approvers and by policy, conditions that fail on it. */
const POLICY = `# yaml-language-server: $schema=policy.schema.json
policy: test.planted
refusalStands: 0
surfaces: [test.planted]
limits:
  per-account: { key: [params.account], sum: params.amount, window: 24h, max: 100000 }
rules:
  - { id: fails, when: 'params.amount == 13 && timestamp(params.memo) < timestamp("2030-01-01T00:00:00Z")', then: approve }
  - { id: converts, when: 'params.amount == 14 && int(params.memo) > 1', then: approve }
  - { id: mails, when: 'params.amount == 15 && params.memo.domain() == "acme.test"', then: approve }
  - { id: folders, when: 'params.amount == 16 && inFolder("/emea")', then: approve }
  - { id: replaced, when: params.amount == 17, then: constrain, changes: { params.channel: branch-office } }
  - { id: small, when: 'params.amount <= 100 && limit("per-account").fits', then: approve }
  - id: medium
    when: 'params.amount <= 1000 && limit("per-account").fits'
    then: supervise
    approval:
      stages: [{ name: finance, approvers: ['group:finance'] }]
      expires: 1h
      reason: optional
      mayChange: [params.memo, params.amount, params.secretAmount]
  - { id: large, when: 'true', then: refuse, because: Too much. }
notify: ['#finance-approvals']
disclose: [params.amount, resource.id]
outcome: { within: 1h }
retain: 7y
`;
const LEAD = 'user:finance-lead@acme.test';
const AUDITOR = 'user:auditor@acme.test';

let dataDir: string;
let folder: ReturnType<typeof policiesFolder>;
let sandbox: RunningSandbox;
let callbacks: Server;
let product: ChildProcess;
let url = '';
let firstKey = '';
const received: string[] = [];
const logFile = (): string => join(dataDir, 'said.txt');

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'countersign-planted-'));
  folder = policiesFolder({ 'test.planted.yaml': POLICY });
  const directory = people();
  sandbox = await startSlackSandbox({
    workspace: { id: 'T0SANDBOX', name: 'Slack sandbox' },
    users: directory
      .people()
      .flatMap(({ slack, name, email }) =>
        slack === null ? [] : [{ id: slack.user, name: slack.user, realName: name, email: email ?? '', tz: 'Etc/UTC' }],
      ),
    channels: ['finance-approvals', 'deployments', 'risk'],
  });
  callbacks = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => callbacks.listen(0, '127.0.0.1', resolve));
  const said = openSync(logFile(), 'a');
  product = spawn(process.execPath, ['bin/countersign.js', 'start'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      COUNTERSIGN_PORT: '0',
      COUNTERSIGN_DATA: dataDir,
      COUNTERSIGN_POLICIES: folder.path,
      COUNTERSIGN_LOG_LEVEL: 'trace',
      // One that is made is printed, once, to whoever starts it (contract section 8); one that is brought is known.
      COUNTERSIGN_API_KEY: secret('first-key'),
      SLACK_BOT_TOKEN: sandbox.botToken,
      SLACK_SIGNING_SECRET: sandbox.signingSecret,
      SLACK_API_URL: sandbox.apiUrl,
    },
    stdio: ['ignore', said, said],
  });
  closeSync(said);
  const runtime = await eventually('the product serves', () => {
    if (product.exitCode !== null) throw new Error(readFileSync(logFile(), 'utf8'));
    try {
      return JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as { url: string };
    } catch {
      return undefined;
    }
  });
  url = runtime.url;
  firstKey = readFileSync(join(dataDir, 'first-key'), 'utf8').trim();
  sandbox.control.setRequestUrl(`${url}/slack/events`);
});
afterAll(async () => {
  product.kill('SIGKILL');
  await sandbox.stop();
  callbacks.close();
  folder.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

function people(): Directory {
  const { directory } = parseDirectory('directory.yaml', readFileSync(join(folder.path, 'directory.yaml'), 'utf8'));
  if (directory === null) throw new Error('the sample directory is broken');
  return directory;
}

interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each use says what it expects
  body: any;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${firstKey}`,
      'content-type': 'application/json',
      'x-request-note': secret('header'),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text,
  };
}

const request = (amount: number) => ({
  surface: 'test.planted',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent', groups: [secret('group')], roles: [secret('role')] },
  resource: { type: secret('resource-type'), id: SEEN, owner: odd('resource-owner'), version: secret('version') },
  params: {
    amount,
    account: odd('account'),
    memo: odd('memo'),
    secretAmount: 77,
    nested: { deep: [secret('nested'), { [secret('name')]: 1 }] },
  },
  context: { folder: `/${secret('folder')}/../x`, matter: secret('matter'), labels: [secret('label')] },
  content: { letter: odd('content'), lines: [secret('content-line')] },
  callback: `http://127.0.0.1:${(callbacks.address() as AddressInfo).port}/hook?token=${secret('callback')}`,
});

const ask = (amount: number, key = `${secret('idempotency')}-${randomUUID()}`): Promise<Answer> =>
  call('POST', '/v1/actions', request(amount), { 'idempotency-key': key });

it('nothing that policy does not disclose is anywhere in clear', { timeout: 600_000 }, async () => {
  const keys = await openFileKeys(dataDir);
  const directory = people();
  const tokenOf = (person: string) =>
    issuePersonToken(keys.attestation, { person, tenant: 'default', directory, now: Date.now() });
  const [lead, auditor] = await Promise.all([tokenOf(LEAD), tokenOf(AUDITOR)]);
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const permits: string[] = [];
  const execute = async (id: string, status: string): Promise<Answer['body']> => {
    const { body } = await call('GET', `/v1/actions/${id}?wait=30`);
    expect(body.permit, JSON.stringify(body)).toEqual(expect.any(String));
    permits.push(body.permit);
    await call('POST', '/v1/permits/redeem', { permit: body.permit, request: request(1) });
    await call('POST', '/v1/permits/redeem', { permit: body.permit });
    const report = { permit: body.permit, status, detail: odd('detail') };
    return (await call('POST', `/v1/actions/${id}/outcome`, report)).body;
  };

  const small = await ask(42);
  expect(small.status).toBe(200);
  const executed = await execute(small.body.id, 'executed');
  const again = await ask(43);
  await execute(again.body.id, 'failed');
  const large = await ask(5000);
  expect(large.status).toBe(403);
  for (const amount of [13, 14, 15, 16]) expect((await ask(amount)).body.action.verdict.basis).toBe('error');
  const constrained = await ask(17);
  expect(constrained.body.verdict.decision).toBe('constrain');
  await execute(constrained.body.id, 'skipped');

  // An approver changes what policy does not disclose: over the API, wrongly and rightly, and by clicks.
  const medium = await ask(500);
  expect(medium.status).toBe(202);
  const decide = (id: string, decision: object) => call('POST', `/v1/actions/${id}/decisions`, decision, as(lead));
  const wrong = await decide(medium.body.id, {
    decision: 'approve',
    changes: { 'params.secretAmount': odd('refused-change') },
  });
  expect(wrong.body.code).toBe('change-not-allowed');
  const changes = { 'params.memo': odd('changed'), 'params.amount': 400 };
  expect((await decide(medium.body.id, { decision: 'approve', changes })).body.status).toBe('released');
  await execute(medium.body.id, 'executed');

  const slack = sandboxDriver(untyped({ control: sandbox.control }));
  const clicked = await ask(600);
  const message = await slack.messageOf(clicked.body.id);
  const user = directory.person(LEAD)?.slack?.user ?? '';
  await slack.click(user, message, 'approve_form');
  expect(await slack.submit(user, { change_0: secret('typed-into-slack'), change_1: '599' })).toBe('taken');
  await execute(clicked.body.id, 'executed');
  const refused = await ask(700);
  await slack.click(user, await slack.messageOf(refused.body.id), 'refuse_form');
  expect(await slack.submit(user, { reason: 'no' })).toBe('taken');
  await call('GET', `/v1/actions/${refused.body.id}?wait=30`);
  const cancelled = await ask(800);
  await call('POST', `/v1/actions/${cancelled.body.id}/cancel`);
  const parked = await ask(900);
  expect(parked.status).toBe(202);

  // What is refused before it is an action.
  const key = { 'idempotency-key': randomUUID() };
  expect((await call('POST', '/v1/actions', { ...request(1), [secret('unknown-field')]: 1 }, key)).status).toBe(400);
  expect((await call('POST', '/v1/actions', `{"params": "${secret('broken-json')}`, key)).status).toBe(400);
  expect(
    (await call('POST', '/v1/actions', { ...request(1), context: { folder: secret('bad-folder') } }, key)).status,
  ).toBe(400);
  expect((await call('POST', '/v1/actions', request(1), as(secret('wrong-key')))).status).toBe(401);
  expect((await call('GET', `/v1/actions/${secret('no-such-action')}`)).status).toBe(404);
  expect((await call('GET', `/v1/records?q=${secret('searched-for')}`)).status).toBe(200);
  expect((await call('POST', '/v1/permits/redeem', { permit: secret('not-a-permit') })).status).toBe(403);
  expect((await call('POST', '/v1/evaluate', request(13))).status).toBe(200);
  expect(
    (await call('POST', '/v1/actions', request(1), { 'idempotency-key': `ü${secret('bad-key')}` }).catch(() => null))
      ?.status ?? 400,
  ).toBe(400);

  // Looked at by an auditor, opened, exported, and erased.
  const hash = executed.records[0];
  for (const path of ['params.memo', 'content']) {
    const opened = await call('POST', `/v1/records/${hash}/openings`, { path, reason: 'asked' }, as(auditor));
    expect(JSON.stringify(opened.body)).toContain(MARK);
  }
  await call('GET', `/v1/records/${hash}/replay`, undefined, as(auditor));
  await call('POST', '/v1/api-keys', { surfaces: ['test.planted'], actors: ['agent:support-bot'] });
  const made = await call('POST', '/v1/api-keys', { surfaces: ['test.planted'], actors: ['agent:support-bot'] });
  const erased = await eventually('it is erased', async () => {
    const { status, body } = await call(
      'POST',
      `/v1/actions/${executed.id}/erase`,
      { reason: 'asked for' },
      as(auditor),
    );
    return status === 200 ? body : undefined;
  });
  expect(erased.status).toBe('executed');

  const tiles: Buffer[] = [];
  const checkpoint = await call('GET', '/log/default/checkpoint');
  const size = Number(String(checkpoint.body).split('\n')[1]);
  for (let from = 0; from < size; from += 256) {
    const width = Math.min(256, size - from);
    const path = `/log/default/tile/entries/${String(from / 256).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`;
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${firstKey}` } });
    expect(response.status, path).toBe(200);
    tiles.push(Buffer.from(await response.arrayBuffer()));
  }
  await eventually('ten webhooks came', () => (received.length >= 10 ? true : undefined));
  product.kill('SIGTERM');
  await once(product, 'exit');

  const secrets: Wanted[] = [
    wanted('planted secret', MARK),
    wanted('first key', firstKey),
    wanted('made key', made.body.key),
    ...permits.slice(0, 2).map((permit) => wanted('permit', permit.slice(-60))),
    wanted('person token', lead.slice(-60)),
    wanted('signing secret', sandbox.signingSecret),
    wanted('bot token', sandbox.botToken),
  ];
  const shown = [wanted('disclosed', SEEN)];
  const databases = ['keys', 'first-key'];
  const files = searchFolder(dataDir, secrets, databases);
  expect(files.hits).toEqual([]);
  expect(files.files).toBeGreaterThan(100);
  expect(searchFolder(dataDir, shown, databases).hits.join('\n')).toMatch(/pg_wal/);

  const postgres = await openEmbeddedPostgres({ dataDir });
  try {
    expect((await searchTables(postgres.connectionString, secrets)).hits).toEqual([]);
    expect((await searchTables(postgres.connectionString, shown)).hits).not.toEqual([]);
  } finally {
    await postgres.stop();
  }

  const records = tiles.flatMap((tile) =>
    decodeEntries(tile).map((entry) =>
      Buffer.from((JSON.parse(Buffer.from(entry).toString()) as Envelope).payload, 'base64'),
    ),
  );
  expect(records.length).toBe(size);
  expect([...tiles, ...records].flatMap((bytes) => search('the log', bytes, secrets))).toEqual([]);
  expect(search('the log', Buffer.concat(records), shown)).not.toEqual([]);

  // What this person typed is in what Slack told us, and in nothing that we told Slack.
  const { calls, deliveries } = sandbox.control;
  const sent = deliveries.filter(({ payload }) => !JSON.stringify(payload).includes(secret('typed-into-slack')));
  expect(sent.length).toBe(deliveries.length - 1);
  expect(search('Slack', Buffer.from(JSON.stringify([calls, sent])), secrets.slice(0, 6))).toEqual([]);
  expect(search('Slack', Buffer.from(JSON.stringify(calls)), shown)).not.toEqual([]);

  expect(search('callbacks', Buffer.from(received.join('\n')), secrets)).toEqual([]);
});
