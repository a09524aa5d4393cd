/** People sign in at a real OpenID provider: in a browser, with the command line, on another device, and with the link of a start. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIo } from '../../src/cli/io.ts';
import { run } from '../../src/cli/main.ts';
import { loginsFile } from '../../src/cli/logins.ts';
import { countersign } from '../cli/harness.ts';
import { onCluster } from '../support/not-on-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { freePort } from '../../src/store/index.ts';
import { follow, startProvider, type TestProvider } from '../support/provider.ts';
import { CFO, LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const COOKIE = '__Host-countersign';
const policies = policiesFolder();
let provider: TestProvider;
let stack: TestStack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-sign-in-'));
  const port = await freePort();
  provider = await startProvider(`http://127.0.0.1:${port}/sign-in/callback`);
  const signIn = {
    ...{ name: 'test', issuer: provider.issuer, clientId: 'countersign', clientSecret: 'a-secret-of-the-test' },
    ...{ person: 'user:{email}', requires: { email_verified: true } },
  };
  writeFileSync(join(folder, 'issuers.yaml'), JSON.stringify({ signIn: [signIn] }));
  stack = await startTestStack({
    COUNTERSIGN_PORT: String(port),
    COUNTERSIGN_POLICIES: policies.path,
    COUNTERSIGN_ISSUERS: join(folder, 'issuers.yaml'),
  });
});
afterAll(async () => {
  await stack.stop();
  await provider.stop();
  policies.remove();
  rmSync(folder, { recursive: true });
});

const emailOf = (person: string): string => person.replace('user:', '');

/** A browser in which somebody signed in. */
async function browserOf(person: string, query = ''): Promise<Map<string, string>> {
  provider.as(emailOf(person));
  const jar = new Map<string, string>();
  await follow(`${stack.url}/sign-in${query}`, jar);
  return jar;
}

/** A call as a page makes it, with the cookie and what a browser says of where it comes from. */
async function fromPage(
  jar: Map<string, string>,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Answer> {
  const response = await fetch(stack.url + path, {
    method,
    headers: { cookie: `${COOKIE}=${jar.get(COOKIE) ?? ''}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}
const OURS = { 'sec-fetch-site': 'same-origin' };

describe('in a browser', () => {
  it('a person signs in, sees who they are, decides, and signs out', async () => {
    const jar = await browserOf(LEAD);
    const me = await fromPage(jar, 'GET', '/v1/me', OURS);
    expect(me.body).toMatchObject({
      kind: 'person',
      id: LEAD,
      roles: ['finance-lead'],
      session: { by: 'test', current: true },
    });
    const { id } = (await stack.ask(refund(400))).body;
    const yes = { decision: 'approve', reason: 'as agreed' };
    const decided = await fromPage(jar, 'POST', `/v1/actions/${id}/decisions`, { origin: stack.url }, yes);
    expect([decided.status, decided.body.status]).toEqual([200, 'released']);

    const before = jar.get(COOKIE) ?? '';
    await follow(`${stack.url}/sign-out`, jar, new URLSearchParams());
    expect(jar.has(COOKIE)).toBe(false);
    expect((await stack.call('GET', '/v1/me', undefined, { token: before })).status).toBe(401);
  });

  it('no other site uses the session', async () => {
    const jar = await browserOf(LEAD);
    const { id } = (await stack.ask(refund(401))).body;
    const yes = { decision: 'approve', reason: 'as agreed' };
    for (const headers of [
      {},
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.acme.test' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.test' },
    ]) {
      const answer = await fromPage(jar, 'POST', `/v1/actions/${id}/decisions`, headers, yes);
      expect([JSON.stringify(headers), answer.status]).toEqual([JSON.stringify(headers), 401]);
    }
    expect((await fromPage(jar, 'GET', '/v1/me', { 'sec-fetch-site': 'cross-site' })).status).toBe(401);
    const signOut = await fetch(`${stack.url}/sign-out`, {
      method: 'POST',
      headers: { cookie: `${COOKIE}=${jar.get(COOKIE)}` },
    });
    expect(signOut.status).toBe(403);
  });

  it('what was not begun here, belongs to another browser, or names nobody, signs nobody in', async () => {
    provider.as(emailOf(LEAD));
    const one = new Map<string, string>();
    const callback = await follow(
      `${stack.url}/sign-in`,
      one,
      undefined,
      ({ pathname }) => pathname === '/sign-in/callback',
    );
    expect((await fetch(callback)).status).toBe(401);
    const other = new Map<string, string>();
    await follow(`${stack.url}/sign-in`, other, undefined, ({ pathname }) => pathname === '/sign-in/callback');
    await follow(callback, other);
    expect(other.has(COOKIE)).toBe(false);
    await follow(callback, one);
    expect(one.has(COOKIE)).toBe(true);
    for (const person of ['user:nobody@acme.test', 'user:unverified@acme.test', 'user:former-lead@acme.test'])
      expect((await browserOf(person)).has(COOKIE), person).toBe(false);
    for (const to of ['//evil.test', '/\\evil.test', 'https://evil.test']) {
      const jar = new Map<string, string>();
      provider.as(emailOf(LEAD));
      const end = await follow(
        `${stack.url}/sign-in?to=${encodeURIComponent(to)}`,
        jar,
        undefined,
        ({ pathname }) => pathname === '/account' || pathname === '/',
      );
      expect(new URL(end).origin).toBe(stack.url);
    }
    expect((await fetch(`${stack.url}/sign-in?provider=none`)).status).toBe(404);
  });

  it('who has to prove it anew does, and the session says when', async () => {
    const since = Date.now();
    const jar = await browserOf(CFO, '?max_age=0');
    const { session } = (await fromPage(jar, 'GET', '/v1/me', OURS)).body;
    // Seconds are what a token says.
    expect(Date.parse(session.provedAt)).toBeGreaterThanOrEqual(since - 1000);
  });

  it('a session holds no role: whoever left is out at the next request', async () => {
    const jar = await browserOf(CFO);
    const file = join(policies.path, 'directory.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('roles: [cfo]', 'roles: [cfo, owner]'));
    expect((await fromPage(jar, 'GET', '/v1/me', OURS)).body.roles).toEqual(['cfo', 'owner']);
    writeFileSync(file, before.replace('roles: [cfo]', 'active: false'));
    expect((await fromPage(jar, 'GET', '/v1/me', OURS)).status).toBe(401);
    writeFileSync(file, before);
  });
});

describe('on the command line', () => {
  const env = (): Record<string, string> => ({ COUNTERSIGN_URL: stack.url, XDG_CONFIG_HOME: join(folder, 'config') });

  it('a person signs in through a browser of this machine, acts, and signs out', async () => {
    let said = '';
    const streams = { writeOut: () => undefined, readIn: () => Promise.resolve(''), env: env() };
    const io = createIo({ ...streams, writeErr: (text) => void (said += text) });
    const logging = run(['login', '--no-browser'], io);
    const page = await eventually('the address', () => /sign in here: (\S+)/.exec(said)?.[1]);
    provider.as(emailOf(LEAD));
    expect(await follow(page, new Map())).toMatch(/signed in/);
    await logging;
    const file = loginsFile({ env: env() });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { id } = (await stack.ask(refund(402))).body;
    const approved = await countersign(['approve', id, '--reason', 'as agreed'], { env: env() });
    expect(approved.code).toBe(0);
    const listed = await countersign(['sessions', 'list', '--json'], { env: env() });
    expect(listed.out).toContain(LEAD);
    expect((await countersign(['logout'], { env: env() })).code).toBe(0);
    expect((await countersign(['sessions', 'list'], { env: { ...env(), COUNTERSIGN_DATA: folder } })).err).toMatch(
      /login/,
    );
  });

  it('a code is for the command line that asked, once', async () => {
    const challenge = 'x'.repeat(43);
    provider.as(emailOf(LEAD));
    const query = new URLSearchParams({ cli_port: '9999', state: 's'.repeat(16), challenge });
    const back = await follow(
      `${stack.url}/sign-in?${query.toString()}`,
      new Map(),
      undefined,
      ({ port }) => port === '9999',
    );
    const code = new URL(back).searchParams.get('code') ?? '';
    for (const body of [{ code }, { code, verifier: 'y'.repeat(43) }, { code: `${code}x`, verifier: 'y'.repeat(43) }])
      expect((await stack.call('POST', '/v1/sessions', body)).status).toBe(401);
  });

  it('or on another device', async () => {
    const begun = (await stack.call('POST', '/v1/sessions/device', {})).body;
    const { device } = begun;
    expect((await stack.call('POST', '/v1/sessions', { device })).status).toBe(202);
    provider.as(emailOf(CFO));
    await provider.approve(begun.verificationUri as string);
    const made = await eventually('the session', async () => {
      const answer = await stack.call('POST', '/v1/sessions', { device });
      return answer.status === 201 ? answer.body : undefined;
    });
    expect(made.person).toBe(CFO);
    expect((await stack.call('POST', '/v1/sessions', { device })).status).toBe(401);
  });
});

describe('sessions', () => {
  it('are sealed, listed and ended, one’s own, and by an owner all', async () => {
    const [lead, cfo] = [(await browserOf(LEAD)).get(COOKIE) ?? '', (await browserOf(CFO)).get(COOKIE) ?? ''];
    const as = (token: string) => ({ token });
    const mine = (await stack.call('GET', '/v1/sessions', undefined, as(cfo))).body.sessions as {
      id: string;
      person: string;
      current: boolean;
    }[];
    expect(new Set(mine.map(({ person }) => person))).toEqual(new Set([CFO]));
    const own = (await stack.call('GET', '/v1/me', undefined, as(lead))).body.session.id as string;
    expect((await stack.call('DELETE', `/v1/sessions/${own}`, undefined, as(cfo))).status).toBe(404);
    expect((await stack.call('DELETE', `/v1/sessions/${own}`)).status).toBe(204);
    expect((await stack.call('GET', '/v1/me', undefined, as(lead))).status).toBe(401);
    const { records } = (await stack.call('GET', `/v1/records?action=${encodeURIComponent(`credential:${own}`)}`)).body;
    expect((records as Answer['body'][]).map(({ record }) => [record.body.state, record.body.kind]).reverse()).toEqual([
      ['made', 'session'],
      ['revoked', 'session'],
    ]);
  });

  it('are not made by a row of the database', async () => {
    const { apiKeyHash } = await import('../../src/identity/index.ts');
    await stack.stack.parts.store.sessions.create({
      ...{ hash: apiKeyHash('cse_planted'), tenant: 'default', id: 'planted' },
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect((await stack.call('GET', '/v1/me', undefined, { token: 'cse_planted' })).status).toBe(401);
  });

  // Only `countersign start` prints one.
  it.skipIf(onCluster)('begin with the link of a start too, once', async () => {
    const link = stack.stack.signInLink ?? '';
    const jar = new Map<string, string>();
    await follow(link, jar);
    expect((await fromPage(jar, 'GET', '/v1/me', OURS)).body).toMatchObject({
      roles: ['owner'],
      session: { by: 'link' },
    });
    expect((await fetch(link)).status).toBe(401);
  });
});
