import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import { startReadyDevServer, type DevServer } from '../../src/main/temporal/index.ts';
import { LEAD, refund } from '../support/stack.ts';

let folder: string;
let postgres: EmbeddedPostgres;
let temporal: DevServer;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-processes-'));
  const binary = process.env['TEMPORAL_CLI_PATH'] ?? '';
  const [database, ready] = await Promise.all([
    openEmbeddedPostgres({ dataDir: join(folder, 'database') }),
    startReadyDevServer({ binary, dataDir: join(folder, 'temporal'), namespace: 'default' }, loadConfig({})),
  ]);
  postgres = database;
  temporal = ready.server;
  await ready.connection.close();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([postgres.stop(), temporal.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  COUNTERSIGN_DATA: join(folder, 'data'),
  COUNTERSIGN_PORT: '0',
  COUNTERSIGN_LOG_LEVEL: 'error',
  DATABASE_URL: postgres.connectionString,
  TEMPORAL_ADDRESS: temporal.address,
});

/** One process of the stack, once it has said that it serves. */
async function service(verb: 'api' | 'worker', says: RegExp): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['bin/countersign.js', verb], {
    env: env(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    if (says.test(line)) {
      child.stderr?.resume();
      return { child, said: line };
    }
  }
  throw new Error(`countersign ${verb} ended with ${child.exitCode}`);
}

it(
  'an action outlives the worker that parked it, and two APIs answer one key alike',
  { timeout: 120_000 },
  async () => {
    // One after the other: the first one makes keys, schema and bundle.
    const first = await service('worker', /worker runs/);
    const apis = await Promise.all([service('api', /serves at/), service('api', /serves at/)]);
    const urls = apis.map(({ said }) => /http:\S+/.exec(said)?.[0] ?? '');
    const key = readFileSync(join(folder, 'data', 'first-key'), 'utf8').trim();
    const call = async (
      url: string,
      method: string,
      path: string,
      body?: unknown,
      token = key,
      idempotencyKey?: string,
    ) => {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each assertion says what it expects
      return { status: response.status, body: (await response.json()) as any };
    };
    const [a = '', b = ''] = urls;

    const same = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call(i % 2 === 0 ? a : b, 'POST', '/v1/actions', refund(10), key, same)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);

    const parked = await call(a, 'POST', '/v1/actions', refund(420.5), key, randomUUID());
    expect(parked.status).toBe(202);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await service('worker', /worker runs/);

    const token = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['bin/countersign.js', 'token', '--as', LEAD], {
        env: env(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.once('exit', (code) => (code === 0 ? resolve(text.trim()) : reject(new Error(`token ended with ${code}`))));
    });
    const waiting = call(b, 'GET', `/v1/actions/${parked.body.id}?wait=60`);
    const decided = await call(a, 'POST', `/v1/actions/${parked.body.id}/decisions`, { decision: 'approve' }, token);
    expect(decided.body.status).toBe('released');
    const { permit } = (await waiting).body;
    const redeemed = await Promise.all(
      Array.from({ length: 10 }, (_, i) => call(i % 2 === 0 ? a : b, 'POST', '/v1/permits/redeem', { permit })),
    );
    expect(redeemed.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(redeemed.filter(({ status }) => status === 409)).toHaveLength(9);
  },
);
