/** A server that answers as the contract says, and the real command line run against it. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createIo } from '../../src/cli/io.ts';
import { run } from '../../src/cli/main.ts';
import type { Action, VerdictDecision } from '../../src/contract/index.ts';

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url));

export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface TestServer {
  url: string;
  /** Every request so far. */
  seen: Seen[];
  /** Answers by path, whatever their number and order. */
  routes: Record<string, Answer>;
  /** What the next other requests get; a request without one fails the test with 599. `reset` cuts the connection. */
  answers: (Answer | 'reset')[];
  close(): Promise<void>;
}

export async function testServer(): Promise<TestServer> {
  const seen: Seen[] = [];
  const answers: (Answer | 'reset')[] = [];
  const routes: Record<string, Answer> = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? null : (JSON.parse(text) as unknown),
      });
      const answer = routes[request.url ?? ''] ??
        answers.shift() ?? { status: 599, body: { detail: 'the test has no answer for this' } };
      if (answer === 'reset') {
        request.socket.destroy();
        return;
      }
      const content = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      const type = typeof answer.body === 'string' ? 'text/plain' : 'application/json';
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
      response.end(content);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answers,
    routes,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string;
}

/** The folder that command lines run in now, how many they are, and where this process was before: it can only be in one folder. */
let visit: { folder: string; before: string; runs: number } | null = null;

/** Runs something in a folder. What runs concurrently shares it, and the last to end goes back. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (visit !== null && visit.folder !== folder) {
    throw new Error(`a command line in ${folder} waits for those in ${visit.folder} to end`);
  }
  visit ??= { folder, before: process.cwd(), runs: 0 };
  const joined = visit;
  joined.runs++;
  try {
    process.chdir(folder);
    return await work();
  } finally {
    if (--joined.runs === 0) {
      visit = null;
      process.chdir(joined.before);
    }
  }
}

/** Runs one command line as `bin/countersign.js` does, in this process: starting Node anew takes longer than all else. */
export async function countersign(args: string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const io = createIo({
    writeOut: (text) => void (out += text),
    writeErr: (text) => void (err += text),
    readIn: () => Promise.resolve(options.input ?? ''),
    env: options.env ?? {},
  });
  const code = await inFolder(options.cwd ?? process.cwd(), () => run(args, io));
  return { code, out, err };
}

/** Runs `bin/countersign.js` itself, with nothing of this process's own configuration. */
export async function spawnCountersign(args: string[], options: RunOptions = {}): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env };
  const child = spawn(process.execPath, [BIN, ...args], {
    env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

const decisions: Partial<Record<Action['status'], VerdictDecision>> = { released: 'approve', refused: 'refuse' };

export function actionOf(status: Action['status'], more: Partial<Action> = {}): Action {
  return {
    id: 'act_1',
    tenant: 'default',
    status,
    requestHash: 'sha256:aa',
    verdict: {
      decision: decisions[status] ?? 'supervise',
      basis: 'rule',
      bundle: 'sha256:bb',
      policy: 'payments.refund',
      rule: 'medium',
      reasons: ['between 100 and 1,000'],
      mode: 'enforce',
      changes: null,
    },
    approval:
      status === 'released' || status === 'refused'
        ? null
        : {
            stage: 0,
            stages: [{ name: 'finance', quorum: 1, approvers: ['user:lead@acme.test'], decisions: [] }],
            expiresAt: '2026-11-21T14:00:00.000Z',
          },
    permit: status === 'released' ? 'eyJ.e30.x' : null,
    records: ['sha256:cc'],
    createdAt: '2026-11-21T10:00:00.000Z',
    updatedAt: '2026-11-21T10:00:00.000Z',
    ...more,
  };
}

export function problem(code: string, status: number, more: Record<string, unknown> = {}): Answer {
  return {
    status,
    body: {
      type: `urn:countersign:problem:${code}`,
      title: code,
      status,
      code,
      detail: `said ${code}; do this next`,
      ...more,
    },
    headers: { 'content-type': 'application/problem+json' },
  };
}
