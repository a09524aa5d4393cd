/** Where the worker is in the process that asks, judging begins beside the start, writes behind Temporal's answer to it, and the workflow joins it. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowClient } from '@temporalio/client';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { workflowIdOf } from '../../src/engine/ids.ts';
import { policiesFolder } from '../support/policies.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { eventually } from '../support/eventually.ts';
import { openTestPostgres } from '../support/cluster.ts';

const folder = policiesFolder({
  'take.yaml': `policy: take
surfaces: [take]
requires: [params.amount]
decimals: [params.amount]
limits: { ten: { key: [params.pool], sum: params.amount, window: 1h, max: 10 } }
rules:
  - { id: fits, when: 'limit("ten").fits', then: approve }
disclose: [params.amount]`,
  'soon.yaml': `policy: soon
surfaces: [soon]
permit: 30s
rules: [{ id: always, when: 'true', then: approve }]`,
});
const pgDir = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
let postgres: EmbeddedPostgres;
let it_: TestStack;

beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: pgDir });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await it_.stop();
  await postgres.stop();
  rmSync(pgDir, { recursive: true, force: true });
  folder.remove();
});

const request = (pool: string, amount: number): object => ({
  surface: 'take',
  action: 'take',
  actor: { id: 'agent:taker', type: 'agent' },
  params: { pool, amount },
});

async function sealed(id: string): Promise<string[]> {
  const { records } = await it_.stack.parts.store.records.list('default', { action: id }, undefined, 100);
  return records.map(({ record }) => record.type).reverse();
}

/** How many rows the three tables have of an action that are written before its verdict is sealed. */
async function rows(id: string): Promise<number[]> {
  const client = new pg.Client({ connectionString: postgres.connectionString });
  await client.connect();
  try {
    const found: number[] = [];
    for (const table of ['action_payload', 'limit_decision', 'limit_reservation'])
      found.push((await client.query(`select from ${table} where action = $1`, [id])).rowCount ?? 0);
    return found;
  } finally {
    await client.end();
  }
}

/** Counts what is sealed from now on: in all, and by the acknowledgment of a start. */
function countSeals(): () => Promise<{ held: number; all: number }> {
  const { sequencer } = it_.stack.parts;
  const [append, hold] = [vi.spyOn(sequencer, 'append'), vi.spyOn(sequencer, 'hold')];
  return async () => {
    const holds = await Promise.all(hold.mock.results.map(({ value }) => value as ReturnType<typeof sequencer.hold>));
    const held = holds.filter((records) => records !== null).length;
    return { held, all: held + append.mock.calls.length };
  };
}

/** Until the process has found itself alone with its log. */
const untilAlone = (): Promise<true> =>
  eventually('it is held beside its start', async () => {
    const seals = countSeals();
    await it_.ask(request('alone', 0.001));
    const { held } = await seals();
    vi.restoreAllMocks();
    return held === 1 ? true : undefined;
  });

it('judges once, and the workflow goes on from that verdict', async () => {
  const { store } = it_.stack.parts;
  const [glance, decide] = [vi.spyOn(store.limits, 'glance'), vi.spyOn(store.limits, 'decide')];
  const seals = countSeals();
  const { status, body } = await it_.ask(request('once', 10));
  expect([status, body.status]).toEqual([200, 'released']);
  const { permit } = body;
  await it_.call('POST', '/v1/permits/redeem', { permit });
  const reported = await it_.call('POST', `/v1/actions/${body.id}/outcome`, { permit, status: 'executed' });
  expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
  // Nobody else took of it, so that what was counted beside the start holds.
  expect(glance).toHaveBeenCalledTimes(1);
  expect(decide).not.toHaveBeenCalled();
  // One for the verdict and its release, one for the redemption, one for the outcome.
  expect(await seals()).toEqual({ held: expect.any(Number), all: 3 });
  expect(await sealed(body.id)).toEqual(['verdict', 'release', 'redemption', 'outcome']);
});

it.each([
  ['take', 'a permit of five minutes', 0],
  ['soon', 'a permit of thirty seconds', 1],
])('of `%s`, with %s, the workflow is woken %i times', async (surface, _permit, times) => {
  const handles = vi.spyOn(WorkflowClient.prototype, 'getHandle');
  const { body } = await it_.ask({ ...request(surface, 1), surface });
  expect(body.status).toBe('released');
  expect(handles.mock.calls.filter(([id]) => id === workflowIdOf('default', body.id))).toHaveLength(times);
});

it('is judged again by the workflow where sealing failed in the process that asked', async () => {
  vi.spyOn(it_.stack.parts.sequencer, 'hold').mockResolvedValueOnce(null);
  const append = vi.spyOn(it_.stack.parts.sequencer, 'append').mockRejectedValueOnce(new Error('the disk is full'));
  const { body } = await it_.ask(request('twice', 10));
  expect(body.status).toBe('released');
  expect(append).toHaveBeenCalledTimes(2);
  expect(await sealed(body.id)).toEqual(['verdict', 'release']);
  expect(await rows(body.id)).toEqual([1, 1, 1]);
  expect((await it_.ask(request('twice', 0.01))).status).toBe(403);
});

it('reads and judges beside the start, and writes, seals and answers behind its acknowledgment', async () => {
  const { sequencer, store } = it_.stack.parts;
  const glance = vi.spyOn(store.limits, 'glance');
  const append = vi.spyOn(sequencer, 'append');
  const { start } = WorkflowClient.prototype;
  let acknowledge = (): void => undefined;
  const held = new Promise<void>((resolve) => (acknowledge = resolve));
  vi.spyOn(WorkflowClient.prototype, 'start').mockImplementationOnce(async function (this: WorkflowClient, ...args) {
    await held;
    return Reflect.apply(start, this, args) as ReturnType<typeof start>;
  });
  const key = randomUUID();
  let answered = false;
  const asking = it_.ask(request('beside', 10), { key }).finally(() => (answered = true));
  await eventually('it is counted', () => Promise.resolve(glance.mock.results[0]?.value as Promise<unknown>));
  const id = `act_${createHash('sha256').update(key).digest('hex')}`;
  expect(await rows(id)).toEqual([0, 0, 0]);
  expect([append.mock.calls.length, answered]).toEqual([0, false]);
  acknowledge();
  const { body } = await asking;
  expect([body.id, body.status]).toEqual([id, 'released']);
  expect(await rows(id)).toEqual([1, 1, 1]);
  expect((await it_.ask(request('beside', 0.01))).status).toBe(403);
});

it('judges anew under the locks what others took of a limit beside the start', async () => {
  const { store } = it_.stack.parts;
  const { glance } = store.limits;
  const decide = vi.spyOn(store.limits, 'decide');
  vi.spyOn(store.limits, 'glance').mockImplementationOnce(async (...args) => {
    const counted = await glance(...args);
    // Another process takes all of it.
    const [tenant, , [query], now] = args;
    if (query === undefined) throw new Error('no limit is asked');
    const reservations = [{ ...query, amount: '10', max: '10' }];
    const other = await store.limits.decide(tenant, 'act_other', [query], now, () =>
      Promise.resolve({ reservations, value: {} }),
    );
    await other.committed;
    return counted;
  });
  const { status, body } = await it_.ask(request('changed', 1));
  expect([status, body.action.verdict.decision]).toEqual([403, 'refuse']);
  expect(decide).toHaveBeenCalledTimes(2);
});

it('writes nothing of an action whose start failed, and another body under its key is judged by itself', async () => {
  const key = randomUUID();
  vi.spyOn(WorkflowClient.prototype, 'start').mockRejectedValueOnce(new Error('no connection'));
  expect((await it_.ask(request('failed', 10), { key })).status).toBe(503);
  const id = `act_${createHash('sha256').update(key).digest('hex')}`;
  expect(await rows(id)).toEqual([0, 0, 0]);
  const { body } = await it_.ask(request('failed', 3), { key });
  expect([body.id, body.status]).toEqual([id, 'released']);
  expect((await it_.ask(request('failed', 7))).body.status).toBe('released');
});

it('is sealed by one commit with the acknowledgment, where nobody else asks', async () => {
  await untilAlone();
  const { store } = it_.stack.parts;
  const decide = vi.spyOn(store.limits, 'decide');
  const seals = countSeals();
  const { body } = await it_.ask(request('held', 5));
  expect(body.status).toBe('released');
  expect(await seals()).toEqual({ held: 1, all: 1 });
  expect(decide).not.toHaveBeenCalled();
  expect(await rows(body.id)).toEqual([1, 1, 1]);
  const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: body.permit });
  expect([redeemed.status, await sealed(body.id)]).toEqual([200, ['verdict', 'release', 'redemption']]);
  // What it took is taken.
  expect((await it_.ask(request('held', 6))).status).toBe(403);
});

it('leaves nothing of what was held beside a start that failed, or that somebody else was faster with', async () => {
  await untilAlone();
  const { start } = WorkflowClient.prototype;
  const key = randomUUID();
  const id = `act_${createHash('sha256').update(key).digest('hex')}`;
  const hold = vi.spyOn(it_.stack.parts.sequencer, 'hold');
  vi.spyOn(WorkflowClient.prototype, 'start').mockImplementationOnce(async () => {
    await eventually('it is held', () => Promise.resolve(hold.mock.calls[0]));
    throw new Error('no connection');
  });
  expect((await it_.ask(request('unheld', 5), { key })).status).toBe(503);
  expect(await hold.mock.results[0]?.value).toBeNull();
  expect(await rows(id)).toEqual([0, 0, 0]);
  // Its start was persisted, and its answer lost: the repeat finds it started, and wakes it.
  vi.spyOn(WorkflowClient.prototype, 'start').mockImplementationOnce(async function (this: WorkflowClient, ...args) {
    await Reflect.apply(start, this, args);
    throw new Error('no connection');
  });
  expect((await it_.ask(request('unheld', 5), { key })).status).toBe(503);
  expect(await rows(id)).toEqual([0, 0, 0]);
  const { body } = await it_.ask(request('unheld', 5), { key });
  expect([body.id, body.status]).toEqual([id, 'released']);
  expect(await rows(id)).toEqual([1, 1, 1]);
});

it('is answered where its start takes long, and whoever asks meanwhile does not wait for it', async () => {
  await untilAlone();
  const { start } = WorkflowClient.prototype;
  let acknowledge = (): void => undefined;
  const late = new Promise<void>((resolve) => (acknowledge = resolve));
  vi.spyOn(WorkflowClient.prototype, 'start').mockImplementationOnce(async function (this: WorkflowClient, ...args) {
    await late;
    return Reflect.apply(start, this, args) as ReturnType<typeof start>;
  });
  let answered = false;
  const asking = it_.ask(request('slow', 2)).finally(() => (answered = true));
  const { body } = await it_.ask(request('slow', 3));
  expect([body.status, answered]).toEqual(['released', false]);
  acknowledge();
  const first = (await asking).body;
  expect(first.status).toBe('released');
  expect(await rows(first.id)).toEqual([1, 1, 1]);
  expect((await it_.ask(request('slow', 5.1))).status).toBe(403);
});
