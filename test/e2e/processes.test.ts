import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killUnderLoad, startProcesses, type Processes } from '../support/processes.ts';
import { eventually, passed } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, refund, type Answer } from '../support/stack.ts';

/** Due within seconds, redeemed or not. */
const DUE = `policy: test.due
surfaces: [test.due]
rules: [{ id: all, when: 'true', then: approve }]
permit: 3s
collectWithin: 3s
outcome: { within: 3s }
`;

let stack: Processes;
let folder: ReturnType<typeof policiesFolder>;
const workers: ChildProcess[] = [];
let first: ChildProcess;
let urls: string[];
let approver: string;
/** Where an API says how it is. */
let api: string;

beforeAll(async () => {
  folder = policiesFolder({ 'test.due.yaml': DUE });
  stack = await startProcesses({ COUNTERSIGN_POLICIES: folder.path });
  // One after the other: the first one makes keys, schema and bundle.
  first = await stack.worker();
  urls = await Promise.all([stack.api(), stack.api()]);
  api = stack.ownPort;
  approver = await stack.person(LEAD);
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
});

it(
  'an action outlives the worker that parked it, and two APIs answer one key alike',
  { timeout: 180_000 },
  async () => {
    const [a = '', b = ''] = urls;
    const same = randomUUID();
    // Where a busy machine is late with the verdict, whoever asked is told to send the same again.
    const ask = async (url: string, left = 10): Promise<Awaited<ReturnType<typeof stack.call>>> => {
      const answer = await stack.call(url, 'POST', '/v1/actions', refund(10), { key: same });
      return answer.status === 503 && left > 0 ? ask(url, left - 1) : answer;
    };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? a : b)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);

    const parked = await stack.call(a, 'POST', '/v1/actions', refund(420.5), { key: randomUUID() });
    expect(parked.status).toBe(202);
    // The second one lives while the first dies, and people decide.
    workers.push(await stack.worker());
    const { wrong } = await killUnderLoad(stack, { urls, victim: first, approver, actions: 12, lanes: 4 });
    expect(wrong).toEqual([]);

    const path = `/v1/actions/${parked.body.id}`;
    const waiting = stack.call(b, 'GET', `${path}?wait=60`);
    const decided = await stack.call(a, 'POST', `${path}/decisions`, { decision: 'approve' }, { token: approver });
    expect(decided.body.status).toBe('released');
    const { permit } = (await waiting).body;
    const redeemed = await Promise.all(
      Array.from({ length: 10 }, (_, i) => stack.call(i % 2 === 0 ? a : b, 'POST', '/v1/permits/redeem', { permit })),
    );
    expect(redeemed.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(redeemed.filter(({ status }) => status === 409)).toHaveLength(9);
  },
);

it('every process says on a port of its own whether it is ready, and what it counts, with what core counts', async () => {
  expect((await fetch(`${api}/healthz`)).status).toBe(200);
  for (const url of urls) await stack.call(url, 'POST', '/v1/actions', refund(11), { key: randomUUID() });
  await eventually('both kinds of tasks are asked for', async () => {
    const response = await fetch(`${api}/metrics`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/plain');
    return /^countersign_pollers\{kind="workflow"\} [1-9]/m.test(text) && /^temporal_request/m.test(text)
      ? text
      : undefined;
  });
  const text = await (await fetch(`${api}/metrics`)).text();
  for (const name of [
    'waiting',
    'waiting_oldest_seconds',
    'unreported',
    'projection_lag_entries',
    'seal_seconds_count',
  ])
    expect(text).toMatch(new RegExp(`^countersign_${name} \\d`, 'm'));
  expect(text).toMatch(/^countersign_verdicts_total\{decision="approve",basis="rule"\} [1-9]/m);
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  workers.push(await stack.worker());
  const ready = await eventually('the new worker is ready', async () => {
    const answer = await fetch(`${stack.ownPort}/readyz`);
    return answer.ok ? ((await answer.json()) as { checks: object[] }) : undefined;
  });
  expect(ready.checks).toMatchObject([
    { name: 'store', ok: true },
    { name: 'temporal', ok: true },
    { name: 'namespace', ok: true },
    { name: 'worker', ok: true },
    { name: 'pollers', ok: true, workflow: expect.any(Number) as number, activity: expect.any(Number) as number },
  ]);
  expect((await fetch(`${stack.ownPort}/v1/actions`)).status).toBe(404);
});

it(
  'workers start on what came due while there was none, live, and settle all of it',
  { timeout: 300_000 },
  async () => {
    const [url = ''] = urls;
    const request = { ...refund(10), surface: 'test.due' };
    const ask = async (_: unknown, n: number): Promise<string> => {
      const key = randomUUID();
      const { id, permit } = await eventually('it is released', async () => {
        const { status, body } = await stack.call(url, 'POST', '/v1/actions', request, { key });
        return status === 200 ? (body as Answer['body']) : undefined;
      });
      // Some are taken and never reported, the others never collected.
      if (n % 3 === 0) await stack.call(url, 'POST', '/v1/permits/redeem', { permit });
      return id as string;
    };
    await Promise.all(workers.splice(0).map((worker) => stack.kill(worker)));
    const ids = await Promise.all(Array.from({ length: 24 }, ask));
    const statusOf = async (id: string): Promise<string> =>
      (await stack.call(url, 'GET', `/v1/actions/${id}`)).body.status as string;
    // Past the end of them all: nobody is there to say so.
    await passed(Date.now() + 5000);
    expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['released']));
    for (const _ of [1, 2]) {
      workers.push(await stack.worker());
      const { ownPort } = stack;
      await eventually('it is ready', async () => ((await fetch(`${ownPort}/readyz`)).ok ? true : undefined));
    }
    for (const id of ids) {
      await eventually('it is settled', async () =>
        ['lapsed', 'unreported'].includes(await statusOf(id)) ? true : undefined,
      );
    }
    expect(workers.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null]);
  },
);

it('nothing that they do is deprecated by Node or a library', () => {
  expect(stack.warnings).toEqual([]);
});
