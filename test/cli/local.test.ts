import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthenticator, watchDirectory } from '../../src/identity/index.ts';
import { openFileKeys, type Keys } from '../../src/keys/index.ts';
import { actionOf, countersign, testServer, type TestServer } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-local-'));
const data = join(folder, '.countersign');
const policies = fileURLToPath(new URL('../../policies', import.meta.url));
const LEAD = 'user:finance-lead@acme.test';

let server: TestServer;
let keys: Keys;
beforeAll(async () => {
  server = await testServer();
  keys = await openFileKeys(data);
  keys.forTenant('default');
  writeFileSync(join(data, 'runtime.json'), JSON.stringify({ url: server.url, pid: process.pid }));
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
});

const run = (args: string[], env: Record<string, string> = {}) =>
  countersign(args, { cwd: folder, env: { COUNTERSIGN_POLICIES: policies, ...env } });

/** Who the stack takes a token for. */
const callerOf = (token: string) => {
  const { current } = watchDirectory(join(policies, 'directory.yaml'));
  return createAuthenticator({
    apiKeys: { findByHash: () => Promise.resolve(null) },
    directory: { current, fresh: () => Promise.resolve(current()) },
    attestationKeys: () => [keys.attestation.publicJwk],
    hasTenant: () => Promise.resolve(true),
    now: Date.now,
  })(token);
};

describe('token', () => {
  it('prints a token that the stack takes for the person', async () => {
    const ran = await run(['token', '--as', LEAD]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    await expect(callerOf(ran.out.trim())).resolves.toMatchObject({ kind: 'person', id: LEAD, tenant: 'default' });
    const json = JSON.parse((await run(['token', '--as', LEAD, '--json'])).out) as { token: string };
    expect(json).toMatchObject({ person: LEAD, tenant: 'default' });
    await expect(callerOf(json.token)).resolves.toMatchObject({ id: LEAD });
  });

  it.each<[string, string[], number, RegExp]>([
    ['nobody', ['--as', 'user:nobody@acme.test'], 2, /the directory has no/],
    ['somebody who left', ['--as', 'user:former-lead@acme.test'], 3, /not active/],
    ['no person', [], 2, /--as/],
    ['an absent data folder', ['--as', LEAD, '--data', 'absent'], 1, /countersign start/],
    ['an absent directory', ['--as', LEAD, '--policies', 'absent'], 1, /directory/],
  ])('is refused for %s', async (_, args, code, message) => {
    const ran = await run(['token', ...args]);
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toMatch(message);
  });

  it('makes no keys where there are none', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'cli-empty-'));
    expect(await run(['token', '--as', LEAD, '--data', empty])).toMatchObject({ code: 1 });
    expect(existsSync(join(empty, 'keys'))).toBe(false);
    rmSync(empty, { recursive: true });
  });
});

describe('--as', () => {
  it('decides as the person', async () => {
    server.answers.push({ status: 200, body: actionOf('released') });
    expect(await run(['approve', 'act_1', '--as', LEAD, '--json'])).toMatchObject({ code: 0, err: '' });
    const token = String(server.seen[0]?.headers['authorization']);
    await expect(callerOf(token)).resolves.toMatchObject({ kind: 'person', id: LEAD });
  });

  it('asks as the person, who need not be named twice', async () => {
    server.answers.push({ status: 200, body: actionOf('released') });
    const args = ['--surface', 'payments.refund', '--action', 'refund.create', '--as', LEAD];
    expect(await run(['request', ...args])).toMatchObject({ code: 0, err: '' });
    expect(server.seen[0]?.body).toMatchObject({ actor: { id: LEAD, type: 'user' } });
  });
});

describe('keys', () => {
  it('lists and exports those of the data folder', async () => {
    const { record, log } = keys.forTenant('default');
    const list = await run(['keys', 'list']);
    expect([list.code, list.err]).toEqual([0, '']);
    expect(list.out).toContain(record.kid);
    expect(list.out).toContain(log.vkey);
    expect(await run(['keys', 'export', '--out', 'public'])).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(folder, 'public/record-keys.jwks.json'), 'utf8'))).toEqual({
      keys: [{ ...record.publicJwk, since: expect.any(String) as string, until: null }],
    });
    expect(readFileSync(join(folder, 'public/log.vkey'), 'utf8')).toBe(`${log.vkey}\n`);
    // The stack that runs on the folder is asked first; this one has no answer.
    expect(new Set(server.seen.map(({ path }) => path))).toEqual(new Set(['/log/default/keys.json']));
  });

  it('fetches those of a server, without a token', async () => {
    const { record, log } = keys.forTenant('default');
    const at = { since: '2026-11-21T10:00:00.000Z', until: null, revoked: null };
    const shown = [
      { use: 'log', kid: 'x', key: log.vkey, ...at },
      { use: 'record', kid: record.kid, key: record.publicJwk, ...at },
    ];
    const body = { kind: 'countersign.keys/v1', origin: 'countersign/default', keys: shown, receipts: [] };
    server.routes['/log/default/keys.json'] = { status: 200, body };
    const ran = await run(['keys', 'list', '--json'], {
      COUNTERSIGN_URL: server.url,
      COUNTERSIGN_API_KEY: 'csk_secret',
    });
    expect(server.seen.map(({ path }) => path)).toEqual(['/log/default/keys.json']);
    expect(server.seen.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    expect(JSON.parse(ran.out)).toMatchObject({ tenant: 'default', records: [{ kid: record.kid }], log: log.vkey });
  });

  it('says what cannot be done', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    expect(await run(['keys', 'export', '--out', 'a-file/x'])).toMatchObject({ code: 2 });
    server.routes['/log/default/keys.json'] = { status: 200, body: '<html>' };
    const odd = await run(['keys', 'list'], { COUNTERSIGN_URL: server.url });
    expect(odd).toMatchObject({ code: 1, err: expect.stringContaining('COUNTERSIGN_URL') as string });
    expect(await run(['keys', 'list', '--tenant', 'other', '--data', 'absent'])).toMatchObject({ code: 1 });
  });
});

describe('keys export --codec', () => {
  it('writes the codec keys and no others, for their owner alone, and never over a file', async () => {
    const out = join(folder, 'codec');
    const ran = await run(['keys', 'export', '--codec', '--out', out]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const file = join(out, 'codec-keys.json');
    const secrets = keys.codec.map(({ id, secret }) => ({ id, secret: Buffer.from(secret).toString('base64') }));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ kind: 'countersign.codec-keys/v1', keys: secrets });
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readdirSync(out)).toEqual(['codec-keys.json']);
    expect(ran.out).not.toContain(secrets[0]?.secret);
    expect(server.seen).toEqual([]);
    expect(await run(['keys', 'export', '--codec', '--out', out])).toMatchObject({ code: 2, out: '' });
    expect(await run(['keys', 'export', '--codec', '--out', out, '--data', 'absent'])).toMatchObject({ code: 1 });
  });
});
