/** Keys that change under a stack of separate processes, by the command line: nobody is restarted, nothing fails. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { startReadyDevServer, type DevServer } from '../../src/main/temporal/index.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';
import { findMoto, startMoto, type Moto } from '../support/moto.ts';
import { refund } from '../support/stack.ts';
import { openTestPostgres } from '../support/cluster.ts';

const run = promisify(execFile);

let folder: string;
let postgres: EmbeddedPostgres;
let temporal: DevServer;
let moto: Moto | null = null;
const children: ChildProcess[] = [];

const AWS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-central-1' };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-key-processes-'));
  const binary = process.env['TEMPORAL_CLI_PATH'] ?? '';
  const [database, ready] = await Promise.all([
    openTestPostgres({ dataDir: join(folder, 'database') }),
    startReadyDevServer({ binary, dataDir: join(folder, 'temporal'), namespace: 'default' }, loadConfig({})),
  ]);
  postgres = database;
  temporal = ready.server;
  await ready.connection.close();
  const found = findMoto();
  if (found !== null) moto = await startMoto(found);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([postgres.stop(), temporal.stop(), moto?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  ...AWS,
  ...(moto === null ? {} : { AWS_ENDPOINT_URL_KMS: moto.url }),
  COUNTERSIGN_DATA: join(folder, 'data'),
  COUNTERSIGN_PORT: '0',
  COUNTERSIGN_LOG_LEVEL: 'error',
  DATABASE_URL: postgres.connectionString,
  TEMPORAL_ADDRESS: temporal.address,
});

/** One process of the stack, once it has said that it serves. @returns what it said */
async function service(verb: 'api' | 'worker', says: RegExp): Promise<string> {
  const child = spawn(process.execPath, ['bin/countersign.js', verb], {
    env: env(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stderr })) {
    if (!says.test(line)) continue;
    child.stderr.resume();
    return line;
  }
  throw new Error(`countersign ${verb} ended with ${child.exitCode}`);
}

it('keys rotate and are revoked while an API and a worker run', { timeout: 280_000 }, async () => {
  await service('worker', /worker runs/);
  const url = /http:\S+/.exec(await service('api', /serves at/))?.[0] ?? '';
  const token = readFileSync(join(folder, 'data', 'first-key'), 'utf8').trim();
  const cli = async (...args: string[]) =>
    run(process.execPath, ['bin/countersign.js', ...args], {
      env: { ...env(), COUNTERSIGN_URL: url, COUNTERSIGN_API_KEY: token },
    });
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    // oxlint-disable-next-line typescript/no-explicit-any -- each assertion says what it expects
  ): Promise<any> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    expect(response.ok, JSON.stringify(answer)).toBe(true);
    return answer;
  };
  /** A whole action. @returns the key ids of its last record and of its permit */
  const act = async (): Promise<{ record: string; permit: string; hash: string }> => {
    const { id, permit } = await call('POST', '/v1/actions?wait=30', refund(10), { 'idempotency-key': randomUUID() });
    await call('POST', '/v1/permits/redeem', { permit });
    const { records } = await call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    const hash = String(records.at(-1));
    const { envelope } = await call('GET', `/v1/records/${hash}/receipt`);
    return { record: envelope.signatures[0].keyid, permit: decodeProtectedHeader(permit).kid ?? '', hash };
  };

  await cli('keys', 'export', '--out', join(folder, 'old'));
  const first = await act();
  let aws: string | null = null;
  if (moto !== null) {
    const credentials = { accessKeyId: AWS.AWS_ACCESS_KEY_ID, secretAccessKey: AWS.AWS_SECRET_ACCESS_KEY };
    const kms = new KMSClient({ endpoint: moto.url, region: AWS.AWS_REGION, credentials });
    const made = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }));
    aws = made.KeyMetadata?.Arn ?? null;
  }
  const next: Record<string, string> = {};
  for (const use of ['attestation', 'permit', 'log', 'record']) {
    const where = use === 'record' && aws !== null ? ['--signer', `aws-kms:${aws}`] : [];
    const { stdout } = await cli('keys', 'rotate', '--use', use, '--reason', 'yearly', '--json', ...where);
    next[use] = (JSON.parse(stdout) as { kid: string }).kid;
    // The worker judges what the API attests, and the API checks what the worker signs, whoever has heard of it.
    await act();
  }
  const last = await eventually('the new keys sign', async () => {
    const done = await act();
    return done.record === next['record'] && done.permit === next['permit'] ? done : undefined;
  });
  expect(first.record).not.toBe(last.record);

  const { stdout: revoked } = await cli('keys', 'revoke', first.record, '--reason', 'a drill');
  expect(revoked).toContain('is revoked');
  const { stdout: listed } = await cli('keys', 'list');
  expect(listed).toMatch(new RegExp(`${first.record}.*revoked from entry`));
  await act();

  // Whoever took the keys at the beginning needs nothing else.
  const old = ['--key', join(folder, 'old', 'record-keys.jwks.json'), '--log-key', join(folder, 'old', 'log.vkey')];
  const { stdout: audited } = await cli('audit', ...old, '--state', join(folder, 'audit.json'));
  expect(audited).toContain('Nothing is wrong');
  await cli('keys', 'export', '--out', join(folder, 'new'));
  for (const [name, { hash }] of Object.entries({ first, last })) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(await call('GET', `/v1/records/${hash}/receipt`)));
    const history = ['--key-history', join(folder, 'new', 'key-history.json')];
    expect((await cli('verify', file, ...old, ...history)).stdout).toContain('valid');
  }
});
