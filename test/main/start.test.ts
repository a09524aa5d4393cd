/** `countersign start` as a process of its own: it comes up, is stopped, is killed, comes up again, and says why it cannot. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund } from '../support/stack.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = join(root, 'bin/countersign.js');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-start-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Child = ChildProcessByStdio<null, Readable, Readable>;
const running = new Set<Child>();
afterEach(async () => {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGKILL');
      await once(child, 'close');
    }),
  );
});

function countersign(args: string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      COUNTERSIGN_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

async function ended(child: Child): Promise<{ code: number | null; out: string; err: string }> {
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...text };
}

interface Places {
  url: string;
  firstKey: string;
  slackSandbox: string;
  temporalUi: string;
}

/** Starts a stack and waits until it serves. */
async function start(data: string): Promise<{ child: Child; places: Places }> {
  const child = countersign(['start', '--json', '--data', data]);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => {
      throw new Error(`it did not start: ${err}`);
    }),
  ])) as [Buffer];
  return { child, places: JSON.parse(line.toString()) as Places };
}

/** Ids of the processes that have anything to do with a data folder. */
function processesOf(data: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(data);
    } catch {
      return false;
    }
  });
}

const untilGone = (data: string): Promise<true> =>
  eventually('every process of it is gone', () => processesOf(data).length === 0 || undefined);

const post = (places: Places, path: string, body: unknown, key = 'k', token = places.firstKey) =>
  fetch(places.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });

describe('countersign start', () => {
  it('keeps a parked action through Ctrl-C and through kill -9, and leaves nothing running', async () => {
    const data = join(dir, 'kept');
    const first = await start(data);
    for (const url of [`${first.places.url}/readyz`, first.places.slackSandbox, first.places.temporalUi]) {
      expect([url, (await fetch(url)).status]).toEqual([url, 200]);
    }
    const asked = await post(first.places, '/v1/actions', refund(420.5), 'parked');
    expect(asked.status).toBe(202);
    const { id } = (await asked.json()) as { id: string };

    const interrupted = ended(first.child);
    first.child.kill('SIGINT');
    expect((await interrupted).code).toBe(0);
    expect(processesOf(data)).toEqual([]);

    const second = await start(data);
    expect(second.places.firstKey).toBe(first.places.firstKey);
    second.child.kill('SIGKILL');
    await untilGone(data);

    const third = await start(data);
    const { out: token } = await ended(countersign(['token', '--as', LEAD, '--data', data]));
    const decided = await post(
      third.places,
      `/v1/actions/${id}/decisions`,
      { decision: 'approve', reason: 'late' },
      'd',
      token.trim(),
    );
    expect(decided.status).toBe(200);
    // The requester asks again with the same key: the same action, now with its permit.
    const released = (await (await post(third.places, '/v1/actions?wait=30', refund(420.5), 'parked')).json()) as {
      id: string;
      status: string;
      permit: string;
    };
    expect(released).toMatchObject({ id, status: 'released' });
    const redeemed = await post(third.places, '/v1/permits/redeem', { permit: released.permit });
    expect(redeemed.status).toBe(200);
    expect((await post(third.places, '/v1/permits/redeem', { permit: released.permit })).status).toBe(409);
    const stopped = ended(third.child);
    third.child.kill('SIGTERM');
    expect((await stopped).code).toBe(0);
    expect(processesOf(data)).toEqual([]);
    // Three starts and five processes of the command line: a busy machine needs its time.
  }, 240_000);
});

describe('what it cannot start with is one clear sentence and a non-zero exit', () => {
  const other = createServer();
  let taken: number;
  beforeAll(async () => {
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    taken = (other.address() as AddressInfo).port;
    writeFileSync(join(dir, 'file'), '');
    mkdirSync(join(dir, 'empty'));
    cpSync(join(root, 'policies'), join(dir, 'broken'), { recursive: true });
    writeFileSync(
      join(dir, 'broken/payments.refund.yaml'),
      'policy: payments.refund\nsurfaces: [payments.refund]\nrules: [{ id: a, when: "1 +", then: approve }]\n',
    );
  });
  afterAll(() => void other.close());

  const faults: [string, () => Record<string, string>, RegExp][] = [
    ['a taken port', () => ({ COUNTERSIGN_PORT: String(taken) }), /port \d+ .*is taken; .*COUNTERSIGN_PORT/],
    ['a wrong setting', () => ({ COUNTERSIGN_PORT: 'http' }), /COUNTERSIGN_PORT is a whole number/],
    [
      'the sandbox where other machines reach it',
      () => ({ COUNTERSIGN_HOST: '0.0.0.0' }),
      /COUNTERSIGN_HOST `0\.0\.0\.0` lets other machines reach it; set SLACK_BOT_TOKEN/,
    ],
    ['a missing binary', () => ({ TEMPORAL_CLI_PATH: join(dir, 'none') }), /TEMPORAL_CLI_PATH names .*; correct it/],
    [
      'a binary that is none',
      () => ({ TEMPORAL_CLI_PATH: '/bin/false' }),
      /Temporal’s server ended \(1\).*temporal\.log/,
    ],
    ['a broken policy', () => ({ COUNTERSIGN_POLICIES: join(dir, 'broken') }), /payments\.refund\.yaml/],
    ['no policies', () => ({ COUNTERSIGN_POLICIES: join(dir, 'empty') }), /polic/],
    [
      'a data folder that cannot be written',
      () => ({ COUNTERSIGN_DATA: join(dir, 'file/data') }),
      /cannot be written; .*COUNTERSIGN_DATA/,
    ],
  ];
  it.each(faults)('%s', async (_name, env, sentence) => {
    const data = join(dir, 'fault');
    const { code, out, err } = await ended(countersign(['start'], { COUNTERSIGN_DATA: data, ...env() }));
    expect([code === 0, out]).toEqual([false, '']);
    expect(err.trim()).toMatch(sentence);
    expect(err.trim().split('\n')[0]).toMatch(/^countersign: /);
    expect(err).not.toMatch(/^\s+at /m);
    expect(processesOf(data)).toEqual([]);
    if (existsSync(data)) rmSync(data, { recursive: true });
  });

  it('a second process on the same data folder', async () => {
    const data = join(dir, 'shared');
    const first = await start(data);
    const { code, err } = await ended(countersign(['start', '--data', data]));
    expect([code === 0, err]).toEqual([false, expect.stringMatching(/is in use by process \d+; /)]);
    expect((await fetch(`${first.places.url}/readyz`)).status).toBe(200);
  });
});
