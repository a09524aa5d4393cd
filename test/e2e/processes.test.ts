import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killUnderLoad, startProcesses, type Processes } from '../support/processes.ts';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund } from '../support/stack.ts';

let stack: Processes;
let first: ChildProcess;
let urls: string[];
let approver: string;
/** Where an API says how it is. */
let api: string;

beforeAll(async () => {
  stack = await startProcesses();
  // One after the other: the first one makes keys, schema and bundle.
  first = await stack.worker();
  urls = await Promise.all([stack.api(), stack.api()]);
  api = stack.ownPort;
  approver = await stack.person(LEAD);
});
afterAll(() => stack.stop());

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
    await stack.worker();
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
  await stack.worker();
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
