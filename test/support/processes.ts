/** A stack of separate processes over one PostgreSQL and one Temporal, as it is run on several machines: APIs and workers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../src/main/config.ts';
import { startReadyDevServer } from '../../src/main/temporal/index.ts';
import { refund, type Answer } from './stack.ts';
import { openTestPostgres } from './cluster.ts';

export interface Processes {
  /** Starts one more, and answers once it serves or runs. */
  api(): Promise<string>;
  worker(): Promise<ChildProcess>;
  /** Where the process that was started last says how it is. */
  readonly ownPort: string;
  /** What Node warned of in any of them, such as a use that a library deprecates. */
  readonly warnings: readonly string[];
  /** `kill -9`. */
  kill(child: ChildProcess): Promise<void>;
  /** Sends JSON to the API at `url`, as the first key or as `token`. */
  call(
    url: string,
    method: string,
    path: string,
    body?: unknown,
    options?: { token?: string; key?: string },
  ): Promise<Omit<Answer, 'headers'>>;
  person(id: string): Promise<string>;
  stop(): Promise<void>;
}

/** @param settings of every process, over those of the stack */
export async function startProcesses(settings: NodeJS.ProcessEnv = {}): Promise<Processes> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-processes-'));
  const children: ChildProcess[] = [];
  const binary = process.env['TEMPORAL_CLI_PATH'] ?? '';
  const [postgres, { server: temporal, connection }] = await Promise.all([
    openTestPostgres({ dataDir: join(folder, 'database') }),
    startReadyDevServer({ binary, dataDir: join(folder, 'temporal'), namespace: 'default' }, loadConfig({})),
  ]);
  await connection.close();
  const env = {
    PATH: process.env['PATH'],
    COUNTERSIGN_DATA: join(folder, 'data'),
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_METRICS_PORT: '0',
    COUNTERSIGN_LOG_LEVEL: 'error',
    COUNTERSIGN_START_DELAY_MS: '5000',
    DATABASE_URL: postgres.connectionString,
    TEMPORAL_ADDRESS: temporal.address,
    ...settings,
  };
  let ownPort = '';
  const warnings: string[] = [];
  const note = (line: string): void => void (/Warning:/.test(line) && warnings.push(line));
  const service = async (verb: 'api' | 'worker', says: RegExp): Promise<{ child: ChildProcess; said: string }> => {
    const child = spawn(process.execPath, ['bin/countersign.js', verb], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    for await (const line of createInterface({ input: child.stderr })) {
      ownPort = /says how it is at (http:\S+)\/metrics/.exec(line)?.[1] ?? ownPort;
      note(line);
      if (says.test(line)) {
        createInterface({ input: child.stderr }).on('line', note);
        return { child, said: line };
      }
    }
    throw new Error(`countersign ${verb} ended with ${child.exitCode}`);
  };
  return {
    api: async () => /http:\S+/.exec((await service('api', /serves at/)).said)?.[0] ?? '',
    worker: async () => (await service('worker', /worker runs/)).child,
    get ownPort() {
      return ownPort;
    },
    warnings,
    async kill(child) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async call(url, method, path, body, { token, key } = {}) {
      const firstKey = (): string => readFileSync(join(folder, 'data', 'first-key'), 'utf8').trim();
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token ?? firstKey()}`,
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    person: (id) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['bin/countersign.js', 'token', '--as', id], {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        child.once('exit', (code) => (code === 0 ? resolve(text.trim()) : reject(new Error(`ended with ${code}`))));
      }),
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all([postgres.stop(), temporal.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface KilledUnderLoad {
  /** Every answer that was not what it ought to be. */
  wrong: string[];
  /** Answers `unavailable`, whose callers asked again: the death of a worker gives none, a machine that is too busy may. */
  unavailable: number;
  /** Of all calls. */
  longestMs: number;
}

/**
 * Kills `victim` with -9 while people decide and executors redeem and report, in `lanes` at once.
 *
 * @param urls of the APIs, in turns
 * @param approver token of a person who may approve
 */
export async function killUnderLoad(
  it: Processes,
  {
    urls,
    victim,
    approver,
    actions,
    lanes,
  }: { urls: string[]; victim: ChildProcess; approver: string; actions: number; lanes: number },
): Promise<KilledUnderLoad> {
  const wrong: string[] = [];
  let [longestMs, unavailable] = [0, 0];
  const right = async (wanted: number | number[], ...call: Parameters<Processes['call']>): Promise<Answer['body']> => {
    const began = performance.now();
    const answer = await it.call(...call);
    longestMs = Math.max(longestMs, performance.now() - began);
    if (answer.status === 503) {
      unavailable += 1;
      // What it was asked for may have come about all the same: then it says so.
      return right([wanted, 409].flat(), ...call);
    }
    if (![wanted].flat().includes(answer.status))
      wrong.push(`${call[1]} ${call[2]}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as Answer['body'];
  };
  const url = (n: number): string => urls[n % urls.length] ?? '';
  const parked: string[] = [];
  for (let n = 0; n < actions; n += 1) {
    parked.push((await right(202, url(n), 'POST', '/v1/actions', refund(420.5), { key: randomUUID() })).id as string);
  }
  let decided = 0;
  const lane = async (): Promise<void> => {
    for (let id = parked.pop(); id !== undefined; id = parked.pop()) {
      const at = url(decided);
      const path = `/v1/actions/${id}`;
      const decision = right(200, at, 'POST', `${path}/decisions`, { decision: 'approve' }, { token: approver });
      decided += 1;
      // In the midst of it: some are decided, some are being decided, some are still to come.
      if (decided === Math.ceil(actions / 3)) victim.kill('SIGKILL');
      await decision;
      const { status, permit } = await right(200, at, 'GET', `${path}?wait=60`);
      if (status !== 'released') wrong.push(`${id} was not released by its approval`);
      await right(200, at, 'POST', '/v1/permits/redeem', { permit });
      await right(200, at, 'POST', `${path}/outcome`, { permit, status: 'executed' });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { wrong, unavailable, longestMs };
}
