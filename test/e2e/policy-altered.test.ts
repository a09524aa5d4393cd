import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPolicyBundles } from '../../src/engine/compiled-bundles.ts';
import { createGateway } from '../../src/gateway/index.ts';
import { createJudging } from '../../src/activities/index.ts';
import { createClient, startWorkerOn } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { tamper } from '../support/check-log.ts';
import { decide, edited, inForce, publish, RISK } from '../support/policies.ts';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';
import { openTestPostgres } from '../support/cluster.ts';

let postgres: EmbeddedPostgres;
let it_: TestStack;
const pgDir = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: pgDir });
  it_ = await startTestStack({ DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await it_.stop();
  await postgres.stop();
  rmSync(pgDir, { recursive: true, force: true });
});

const replace = (hash: string, from: string, to: string): Promise<void> =>
  tamper(postgres.connectionString, 'update bundle set source = replace(source::text, $2, $3)::json where hash = $1', [
    hash,
    from,
    to,
  ]);

it('a stored bundle that was altered before its publication is not brought into force', async () => {
  const before = await inForce(it_);
  const asked = await publish(it_, { files: edited('payments.refund.yaml', 'expires: 4h', 'expires: 6h') });
  const { disclosed } = (await it_.call('GET', `/v1/records/${asked.body.records[0]}`)).body.record;
  const hash = disclosed['params.bundle'] as string;
  await replace(hash, 'params.amount <= 100 ', 'params.amount <= 999 ');
  const read = await it_.call('GET', `/v1/policies/${hash}`);
  expect([read.status, read.body.code]).toEqual([503, 'unavailable']);
  await decide(it_, asked.body.id, { decision: 'approve', reason: 'yes' }, RISK);
  const { body } = await it_.call('GET', `/v1/actions/${asked.body.id}?wait=30`);
  expect([body.status, await inForce(it_)]).toEqual(['failed', before]);
});

it('a bundle in force that was altered judges nothing until it is whole again', async () => {
  const { parts, temporal } = it_.stack;
  const hash = await inForce(it_);
  await replace(hash, 'params.amount <= 100 ', 'params.amount <= 999 ');
  // What a process does that has not read the bundle yet.
  const bundles = createPolicyBundles(parts);
  const deps = { ...activityDeps(parts, null, null), bundles };
  const gateway = createGateway({
    notifier: () => null,
    ...parts,
    bundles,
    signers: (tenant) => parts.keys.forTenant(tenant),
    attestationKeys: () => parts.keys.attestationKeys,
    client: createClient(parts, temporal.connection, temporal.namespace),
    taskQueue: 'fresh',
    judging: createJudging({ alone: deps, shared: deps }),
    startDelayMs: 1000,
    now: () => new Date(),
  });
  const worker = await startWorkerOn(parts, temporal.connection, temporal.namespace, deps, { taskQueue: 'fresh' });
  try {
    const caller = await parts.authenticate(`Bearer ${it_.stack.firstKey}`);
    await expect(gateway.evaluate(caller, refund(500))).rejects.toMatchObject({ code: 'unavailable' });
    const { action } = await gateway.request(caller, refund(500), 'asked-of-an-altered-bundle', 0);
    expect([action.status, action.permit, action.records]).toEqual(['evaluating', null, []]);
    await replace(hash, 'params.amount <= 999 ', 'params.amount <= 100 ');
    let again = await gateway.request(caller, refund(500), 'asked-of-an-altered-bundle', 0);
    while (again.action.status === 'evaluating') {
      again = await gateway.request(caller, refund(500), 'asked-of-an-altered-bundle', 0);
    }
    expect(again.action).toMatchObject({ status: 'supervised', verdict: { bundle: hash, rule: 'medium' } });
  } finally {
    await worker.stop();
  }
});
