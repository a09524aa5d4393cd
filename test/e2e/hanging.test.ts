/** Temporal or PostgreSQL stand still: every caller is answered in time, told what is down, and served again afterwards. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { translated } from '../../src/store/outage.ts';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let parked: { id: string };
let released: { id: string; permit: string };
let lead: string;

beforeAll(async () => {
  stack = await startTestStack();
  parked = (await stack.ask(refund(420.5))).body;
  released = (await stack.ask(refund(10))).body;
  // Only what was redeemed can be reported.
  await stack.call('POST', '/v1/permits/redeem', { permit: released.permit });
  lead = await stack.person(LEAD);
});
afterAll(() => stack.stop());

/** Processes of this very stack, known by its data folder. */
function processes(command: RegExp): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ');
      return command.test(line) && (line.includes(stack.dataDir) || isChildOfOurs(name)) ? [Number(name)] : [];
    } catch {
      // Ended meanwhile.
      return [];
    }
  });
}

/** PostgreSQL's backends name themselves anew, but not their parent. */
function isChildOfOurs(pid: string): boolean {
  const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return parent !== '0' && readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes(stack.dataDir);
}

async function whileStopped(command: RegExp, work: () => Promise<void>): Promise<void> {
  const pids = processes(command);
  if (pids.length === 0) throw new Error('there is nothing to stop');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

type Door = [method: string, path: () => string, body?: () => unknown, token?: () => string];
const DEADLINE_MS = 5000;

/** Fails when there is no answer within five seconds: a bound of the contract, not of this machine's speed. */
async function knock([method, path, body, token]: Door): Promise<{
  status: number;
  retry: string | null;
  body: unknown;
}> {
  const response = await fetch(stack.url + path(), {
    method,
    headers: {
      authorization: `Bearer ${token?.() ?? stack.stack.firstKey ?? ''}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body()) }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { status: response.status, retry: response.headers.get('retry-after'), body: await response.json() };
}

const of = (what: string) => () => `/v1/actions/${parked.id}${what}`;
const ENGINE: Door[] = [
  ['POST', () => '/v1/actions', () => refund(11)],
  ['POST', () => '/v1/actions', () => refund(500)],
  ['POST', () => '/v1/actions?wait=30', () => refund(5000)],
  ['POST', of('/decisions'), () => ({ decision: 'approve', reason: 'seen' }), () => lead],
  ['POST', of('/cancel')],
];
const STORE: Door[] = [
  ...ENGINE,
  ['POST', () => `/v1/actions/${released.id}/outcome`, () => ({ permit: released.permit, status: 'executed' })],
  ['GET', of('')],
  ['GET', of('?wait=30')],
  ['GET', () => '/v1/records'],
  ['GET', () => '/v1/freezes'],
  ['GET', () => '/v1/policies'],
  ['POST', () => '/v1/evaluate', () => refund(1)],
  ['POST', () => '/v1/permits/redeem', () => ({ permit: released.permit })],
  ['GET', () => '/log/default/checkpoint'],
];

const readiness = async (): Promise<{ status: number; failing: string[] }> => {
  const response = await fetch(`${stack.url}/readyz`, { signal: AbortSignal.timeout(2000) });
  const { checks } = (await response.json()) as { checks: { name: string; ok: boolean }[] };
  return { status: response.status, failing: checks.filter(({ ok }) => !ok).map(({ name }) => name) };
};
const untilReady = (): Promise<true> =>
  eventually('it is ready', async () => (await readiness()).status === 200 || undefined);

describe.each([
  ['temporal', /temporal/, ENGINE],
  ['store', /postgres/, STORE],
] as const)('while %s stands still', (name, command, doors) => {
  it('every door is answered within five seconds, readyz names it, and all goes on afterwards', async () => {
    await whileStopped(command, async () => {
      const answers = await Promise.all(doors.map(knock));
      for (const [i, answer] of answers.entries()) {
        const door = `${doors[i]?.[0]} ${doors[i]?.[1]()}`;
        expect([door, answer.status, answer.retry]).toEqual([door, 503, '1']);
        expect(answer.body).toMatchObject({ code: 'unavailable', retryAfter: 1 });
      }
      expect(await readiness()).toEqual({ status: 503, failing: [name] });
      expect((await fetch(`${stack.url}/healthz`, { signal: AbortSignal.timeout(1000) })).status).toBe(200);
      // The circuit is open now: whoever comes is told at once.
      const refused = await knock(['POST', () => '/v1/actions', () => refund(12)]);
      expect(refused).toMatchObject({ status: 503, body: { down: [name] } });
    });
    await untilReady();
    const key = randomUUID();
    const answered = await eventually('it is judged', async () => {
      const { status } = await stack.ask(refund(13), { key });
      return status === 503 ? undefined : status;
    });
    expect(answered).toBe(200);
    expect((await stack.call('GET', `/v1/actions/${parked.id}`)).status).toBe(200);
  }, 60_000);
});

it('a cancelled statement is no outage of the database', async () => {
  const { store } = stack.stack.parts;
  const cancelled = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  expect(String(translated(cancelled))).not.toContain('cannot be reached');
  await expect(store.ping()).resolves.toBeUndefined();
});
