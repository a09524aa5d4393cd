import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import helmet from 'helmet';
import { describe, expect, it } from 'vitest';
import { createSlackSandbox, startSlackSandbox } from '../../sandbox/slack/index.ts';
import { isLoopbackAddress } from '../../sandbox/slack/loopback.ts';
import { CHANNELS, USERS, callApi, httpBench } from './support.ts';

/** A GET with headers that `fetch` would not let us set. */
function get(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('a sandbox mounted in another application', () => {
  it('works behind helmet and body parsers, and leaves other paths and upgrades alone', async () => {
    const sandbox = createSlackSandbox({ users: USERS, channels: CHANNELS, basePath: '/slack-sandbox' });
    const app = express();
    app.use(helmet(), express.json(), express.urlencoded({ extended: false }));
    app.use('/slack-sandbox', sandbox.router);
    app.get('/other', (_request, response) => {
      response.send('mine');
    });
    const server = createServer(app);
    sandbox.attachWebSocket(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const url = `${origin}/slack-sandbox`;
    const running = { ...sandbox, url, apiUrl: `${url}/api/`, stop: () => Promise.resolve() };

    const { body } = await callApi(running, 'chat.postMessage', { channel: '#finance-approvals', text: 'a & b' });
    expect(body).toMatchObject({ ok: true, message: { text: 'a & b' } });
    const json = await fetch(`${url}/api/auth.test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.botToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await json.json()).toMatchObject({ ok: true });
    expect(await (await fetch(`${origin}/other`)).text()).toBe('mine');

    const page = await fetch(url);
    expect(page.url).toBe(`${url}/`);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    expect(await page.text()).not.toMatch(/<script(?![^>]*src=)|<style| style=| onclick=/);
    const asset = await fetch(`${url}/app.js`);
    expect(asset.headers.get('content-type')).toContain('javascript');

    sandbox.control.setRequestUrl(`${origin}/nowhere`);
    const clicked = await sandbox.control.slashCommand({ user: 'U0ANNA', command: '/x' });
    expect(clicked).toMatchObject({ ok: false, status: 404 });
    expect(String(clicked.deliveries[0].payload['response_url'])).toContain(`${url}/commands/T0SANDBOX/`);
    sandbox.close();
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['another host name', { host: 'evil.test' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, 403],
    ['another site, by a form', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a link to it', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
    ['what came through a proxy', { 'x-forwarded-for': '203.0.113.7' }, 403],
    ['its own page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 200],
  ])('answers %s with the right status', async (_what, headers, status) => {
    const sandbox = await startSlackSandbox({ users: USERS });
    expect(await get(`${sandbox.url}/ui/screen`, headers)).toBe(status);
    await sandbox.stop();
  });

  it.each<[string | undefined, boolean]>([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.5', false],
    ['::ffff:10.0.0.5', false],
    ['fe80::1', false],
    ['127.evil.test', false],
    [undefined, false],
  ])('believes the socket about where a request comes from: %s', (address, here) => {
    expect(isLoopbackAddress(address)).toBe(here);
  });

  // The address by which other machines know this one; a machine without a network has none.
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  it.runIf(outside !== undefined)('serves nothing to another address, whatever name it calls it by', async () => {
    const sandbox = await startSlackSandbox({ users: USERS, host: '0.0.0.0' });
    const base = `http://${outside}:${new URL(sandbox.url).port}/slack-sandbox`;
    for (const path of ['/', '/ui/screen', '/app.js', '/api/auth.test']) {
      expect(await get(base + path, { host: 'localhost' })).toBe(403);
    }
    await sandbox.stop();
  });

  it('takes acts of the page only as JSON', async () => {
    const sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS });
    const act = (name: string, body: string, type: string): Promise<Response> =>
      fetch(`${sandbox.url}/ui/${name}`, { method: 'POST', headers: { 'content-type': type }, body });
    const message = JSON.stringify({ user: 'U0ANNA', channel: 'finance-approvals', text: 'hi' });
    expect((await act('message', message, 'text/plain')).status).toBe(409);
    expect((await act('message', message, 'application/json')).status).toBe(200);
    expect((await act('dance', '{}', 'application/json')).status).toBe(404);
    expect(sandbox.control.messages('finance-approvals').map((entry) => entry.text)).toEqual(['hi']);
    await sandbox.stop();
  });

  it('says so when its port is taken', async () => {
    const sandbox = await startSlackSandbox({ users: USERS });
    const port = Number(new URL(sandbox.url).port);
    await expect(startSlackSandbox({ users: USERS, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await sandbox.stop();
  });
});

describe('the url_verification handshake', () => {
  it('is answered by Bolt', async () => {
    const bench = await httpBench();
    expect(await bench.sandbox.control.verifyUrl()).toBe(true);
    bench.sandbox.control.inject({ deliver: 'bad-signature' });
    expect(await bench.sandbox.control.verifyUrl()).toBe(false);
    await bench.stop();
  });
});

describe('a sandbox with a state file', () => {
  it('has its messages, homes and memberships again after a restart, and later ts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slack-sandbox-'));
    const options = { users: USERS, channels: CHANNELS, stateFile: join(folder, 'deep', 'slack.jsonl') };
    const first = await startSlackSandbox(options);
    const post = (args: Record<string, unknown>): Promise<Record<string, unknown>> =>
      callApi(first, 'chat.postMessage', { channel: '#finance-approvals', ...args }).then(({ body }) => body);
    const kept = await post({
      text: 'kept',
      blocks: [{ type: 'divider', block_id: 'a' }],
      metadata: { event_type: 'x', event_payload: {} },
    });
    const gone = await post({ text: 'gone' });
    await post({ text: 'for anna', channel: 'U0ANNA' });
    await callApi(first, 'chat.update', { channel: kept['channel'], ts: kept['ts'], text: 'kept and changed' });
    await callApi(first, 'chat.delete', { channel: gone['channel'], ts: gone['ts'] });
    await callApi(first, 'chat.postEphemeral', { channel: '#finance-approvals', user: 'U0ANNA', text: 'brief' });
    await callApi(first, 'conversations.join', { channel: first.control.channel('not-joined').id });
    await callApi(first, 'views.publish', { user_id: 'U0ANNA', view: { type: 'home', blocks: [{ type: 'divider' }] } });
    const before = first.control.messages('finance-approvals');
    await first.stop();

    const again = await startSlackSandbox(options);
    expect(again.control.messages('finance-approvals')).toEqual(before);
    expect(again.control.messages('finance-approvals').map((entry) => entry.text)).toEqual(['kept and changed']);
    expect(again.control.messages(again.control.im('U0ANNA').id)[0]?.text).toBe('for anna');
    expect(again.control.ephemerals('U0ANNA')).toEqual([]);
    expect(again.control.channel('not-joined').appIsMember).toBe(true);
    expect(again.control.home('U0ANNA')?.blocks).toHaveLength(1);
    const { body } = await callApi(again, 'chat.postMessage', { channel: '#finance-approvals', text: 'later' });
    expect(String(body['ts']) > String(before.at(-1)?.edited?.ts)).toBe(true);
    await again.stop();
    rmSync(folder, { recursive: true });
  });
});
