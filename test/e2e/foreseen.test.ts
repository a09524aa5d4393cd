/** A verdict is made ready in memory while Temporal stores the start. It counts only where nothing came between. */
import { createHash, randomUUID } from 'node:crypto';
import { WorkflowClient } from '@temporalio/client';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { requestHash } from '../../src/sealing/index.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { policiesFolder } from '../support/policies.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = policiesFolder({
  'take.yaml': `policy: take
surfaces: [take]
requires: [params.amount]
decimals: [params.amount]
limits: { ten: { key: [params.pool], sum: params.amount, window: 1h, max: 10 } }
rules:
  - { id: fits, when: 'limit("ten").fits', then: approve }
disclose: [params.amount]`,
});
const pgDir = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
let postgres: EmbeddedPostgres;
let database: pg.Pool;
let it_: TestStack;

beforeAll(async () => {
  postgres = await openEmbeddedPostgres({ dataDir: pgDir });
  database = new pg.Pool({ connectionString: postgres.connectionString });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await it_.stop();
  await database.end();
  await postgres.stop();
  rmSync(pgDir, { recursive: true, force: true });
  folder.remove();
});

const request = (pool: string, amount: number) => ({
  surface: 'take',
  action: 'take',
  actor: { id: 'agent:taker', type: 'agent' as const },
  params: { pool, amount },
  content: { letter: `take ${amount}` },
});
const idOf = (key: string): string => `act_${createHash('sha256').update(key).digest('hex')}`;

/** How often limits were decided under their locks, beside what was foreseen. */
function decidedAnew(): { times: number } {
  const { limits } = it_.stack.parts.store;
  const real = limits.decide.bind(limits);
  const seen = { times: 0 };
  vi.spyOn(limits, 'decide').mockImplementation((tenant, action, queries, now, decide, foreseen) =>
    real(
      tenant,
      action,
      queries,
      now,
      (facts) => {
        seen.times += 1;
        return decide(facts);
      },
      foreseen,
    ),
  );
  return seen;
}

/** Does `something` after the limits were read without a lock, and before Temporal has answered the start. */
function between(something: () => Promise<unknown>): void {
  const { limits } = it_.stack.parts.store;
  const usage = limits.usage.bind(limits);
  let done: Promise<unknown> = Promise.resolve();
  vi.spyOn(limits, 'usage').mockImplementationOnce(async (...asked) => {
    const facts = await usage(...asked);
    done = something();
    await done;
    return facts;
  });
  const start = WorkflowClient.prototype.start;
  vi.spyOn(WorkflowClient.prototype, 'start').mockImplementationOnce(async function (this: WorkflowClient, ...how) {
    const handle = await start.apply(this, how);
    while (vi.mocked(limits.usage).mock.results.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await vi.mocked(limits.usage).mock.results[0]?.value;
    await done;
    return handle;
  } as typeof start);
}

async function sealed(id: string): Promise<string[]> {
  const { records } = await it_.stack.parts.store.records.list('default', { action: id }, undefined, 100);
  return records.map(({ record }) => record.type).reverse();
}

async function rows(id: string): Promise<number[]> {
  const count = async (table: string): Promise<number> =>
    (await database.query(`select from ${table} where action = $1`, [id])).rowCount ?? 0;
  return Promise.all(['action_payload', 'limit_decision', 'limit_reservation'].map(count));
}

it('is what is sealed where nothing came between', async () => {
  const anew = decidedAnew();
  const { status, body } = await it_.ask(request('quiet', 4));
  expect([status, body.status, anew.times]).toEqual([200, 'released', 0]);
  expect(await sealed(body.id)).toEqual(['verdict', 'release']);
  expect(await rows(body.id)).toEqual([1, 1, 1]);
  const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: body.permit, request: request('quiet', 4) });
  expect(redeemed.status).toBe(200);
  // What it took is gone for the next one.
  expect((await it_.ask(request('quiet', 7))).status).toBe(403);
  expect((await it_.ask(request('quiet', 6))).body.status).toBe('released');
});

it('gives way where another action has taken from its limit', async () => {
  const anew = decidedAnew();
  const query = { limit: 'take/ten', key: ['raced'], windowMs: 3_600_000 };
  between(async () => {
    const { committed } = await it_.stack.parts.store.limits.decide('default', 'act_other', [query], new Date(), () =>
      Promise.resolve({ reservations: [{ ...query, amount: '8', max: '10' }], value: {} }),
    );
    await committed;
  });
  const { status, body } = await it_.ask(request('raced', 5));
  expect(status).toBe(403);
  // Once for the other one, and once more for this one.
  expect(anew.times).toBe(2);
  const { records } = await it_.stack.parts.store.records.list(
    'default',
    { action: body.action?.id ?? body.id },
    undefined,
    9,
  );
  expect(records.map(({ record }) => record)).toMatchObject([{ type: 'verdict', facts: { limits: [{ used: '8' }] } }]);
});

it('gives way where an earlier execution has kept the payload, under another key', async () => {
  const key = randomUUID();
  const asked = request('kept', 4);
  const { payloads } = it_.stack.parts.store;
  between(() => payloads.create('default', idOf(key), payloads.draw('default', idOf(key), { request: asked })));
  const { body } = await it_.ask(asked, { key });
  expect(body.status).toBe('released');
  const kept = await payloads.read('default', body.id);
  expect(body.requestHash).toBe(requestHash(asked, kept?.actionKey ?? new Uint8Array(32)));
  const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: body.permit, request: asked });
  expect(redeemed.status).toBe(200);
});

it('is too old where Temporal was slow, so that a freeze set meanwhile holds', async () => {
  const { freezes } = it_.stack.parts.store;
  const id = `frz_${randomUUID()}`;
  between(async () => {
    const at = new Date().toISOString();
    await freezes.add({ id, tenant: 'default', scope: 'surface', value: 'take', reason: 'stop', by: 'user:x', at });
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  const { status, body } = await it_.ask(request('frozen', 1));
  await freezes.lift('default', id, 'user:x', new Date().toISOString());
  expect(status).toBe(403);
  expect(JSON.stringify(body)).toContain('is frozen: stop');
});

it('leaves nothing behind where the start failed, and another body is judged by itself', async () => {
  const key = randomUUID();
  vi.spyOn(WorkflowClient.prototype, 'start').mockRejectedValueOnce(new Error('no connection'));
  expect((await it_.ask(request('failed', 10), { key })).status).toBe(503);
  expect(await rows(idOf(key))).toEqual([0, 0, 0]);
  const { body } = await it_.ask(request('failed', 3), { key });
  expect([body.status, body.requestHash]).toEqual(['released', expect.any(String)]);
  expect((await it_.ask(request('failed', 7))).body.status).toBe('released');
});

it('is judged again by the workflow where sealing failed in the process that asked', async () => {
  const { sequencer } = it_.stack.parts;
  const append = vi.spyOn(sequencer, 'append').mockRejectedValueOnce(new Error('the disk is full'));
  const { body } = await it_.ask(request('sealed-twice', 10));
  expect(body.status).toBe('released');
  expect(append).toHaveBeenCalledTimes(2);
  expect(await sealed(body.id)).toEqual(['verdict', 'release']);
  expect((await it_.ask(request('sealed-twice', 0.01))).status).toBe(403);
});
