import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killUnderLoad, startProcesses, type Processes } from '../support/processes.ts';
import { LEAD, refund } from '../support/stack.ts';

let stack: Processes;
let first: ChildProcess;
let urls: string[];
let approver: string;

beforeAll(async () => {
  stack = await startProcesses();
  // One after the other: the first one makes keys, schema and bundle.
  first = await stack.worker();
  urls = await Promise.all([stack.api(), stack.api()]);
  approver = await stack.person(LEAD);
});
afterAll(() => stack.stop());

it(
  'an action outlives the worker that parked it, and two APIs answer one key alike',
  { timeout: 180_000 },
  async () => {
    const [a = '', b = ''] = urls;
    const same = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        stack.call(i % 2 === 0 ? a : b, 'POST', '/v1/actions', refund(10), { key: same }),
      ),
    );
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
