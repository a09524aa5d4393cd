/** Random courses of actions, with forged calls, edited rows, repeats and races between any two steps: what holds of all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAttestor } from '../../src/identity/index.ts';
import { sealDecision } from '../../src/engine/decisions.ts';
import { sealOutcome } from '../../src/engine/outcome.ts';
import { reconcile } from '../../src/engine/reconcile.ts';
import { release } from '../../src/engine/release.ts';
import { ChainAudit } from '../../src/evidence/chain.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';
import { tamper } from '../support/tamper.ts';

const MAX = 250;
const POLICY = `policy: test.random
surfaces: [test.random]
limits:
  daily: { key: [resource.id], sum: params.amount, window: 24h, max: ${MAX} }
rules:
  - { id: beyond, when: '!limit("daily").fits', then: refuse }
  - { id: small, when: params.amount <= 60, then: approve }
  - id: medium
    when: 'true'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 1h }
disclose: [params.amount, resource.id]
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-random-'));
let postgres: EmbeddedPostgres;
beforeAll(async () => {
  folder = policiesFolder({ 'test.random.yaml': POLICY });
  postgres = await openEmbeddedPostgres({ dataDir: databaseDir });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await it_.stop({ replay: false });
  await postgres.stop();
  rmSync(databaseDir, { recursive: true, force: true });
  folder.remove();
});

interface Running {
  id: string;
  permit: string | null;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask'), amount: fc.constantFrom(40, 60, 90) }) },
  ...(
    [
      ...['approve', 'refuse', 'forged-decision', 'release', 'redeem', 'redeem-again', 'executed', 'failed', 'skipped'],
      ...['collect', 'silence', 'forged-reconcile', 'edit-permit', 'edit-status', 'edit-view'],
    ] as const
  ).map((kind) => ({ weight: 1, arbitrary: fc.record({ kind: fc.constant(kind), at: fc.nat(9) }) })),
);
type Step = { kind: string; amount?: number; at?: number };

async function take(pool: string, all: Running[], { kind, amount, at = 0 }: Step): Promise<void> {
  const { parts } = it_.stack;
  const deps = activityDeps(parts, null, null);
  if (kind === 'ask') {
    const { body } = await it_.ask({
      ...REFUND,
      surface: 'test.random',
      resource: { type: 'order', id: pool },
      params: { amount, currency: 'USD' },
    });
    if (typeof body.id === 'string') all.push({ id: body.id, permit: body.permit });
    return;
  }
  const one = all[at % Math.max(1, all.length)];
  if (one === undefined) return;
  const action = { tenant: 'default', id: one.id };
  const said = (decision: 'approve' | 'refuse') =>
    createAttestor(parts.keys.attestation).attest({
      ...{ kind: 'decide', tenant: 'default', action: one.id, by: LEAD, via: 'api', decision, reason: 'because' },
    });
  const redeem = (redeemer: string) =>
    it_.call('POST', '/v1/permits/redeem', { permit: one.permit ?? 'none', redeemer });
  switch (kind) {
    case 'approve':
    case 'refuse':
      await sealDecision(deps, { action, attestation: await said(kind), kind: 'decide' });
      return;
    case 'forged-decision':
      await sealDecision(deps, { action, attestation: 'forged', kind: 'decide', decision: 'approve' });
      return;
    case 'release': {
      await release(deps, { action });
      one.permit = (await it_.call('GET', `/v1/actions/${one.id}`)).body.permit ?? one.permit;
      return;
    }
    case 'redeem':
      await Promise.all([redeem('a'), redeem('b'), sealOutcome(deps, { action, outcome: null })]);
      return;
    case 'redeem-again':
      await redeem('c');
      return;
    case 'executed':
    case 'failed':
    case 'skipped':
      await sealOutcome(deps, { action, outcome: { permit: one.permit ?? 'none', status: kind } });
      return;
    case 'collect': {
      const { body } = await it_.call('POST', `/v1/actions/${one.id}/permit`);
      one.permit = body.permit ?? one.permit;
      return;
    }
    case 'silence':
      await sealOutcome(deps, { action, outcome: null });
      return;
    case 'forged-reconcile':
      await reconcile(deps, { action, attestation: 'forged' });
      return;
    case 'edit-permit':
      await tamper(postgres.connectionString, 'update permit set redeemed_at = null where action = $1', [one.id]);
      return;
    case 'edit-status':
      await tamper(postgres.connectionString, `update action set status = 'released' where id = $1`, [one.id]);
      return;
    case 'edit-view':
      await tamper(
        postgres.connectionString,
        `update action set view = jsonb_set(view::jsonb, '{action,status}', '"released"')::json where id = $1`,
        [one.id],
      );
      return;
  }
}

it(
  'executes never more than a limit allows, and redeems nothing without a sealed release',
  { timeout: 240_000 },
  async () => {
    const { store } = it_.stack.parts;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
        const all: Running[] = [];
        const pool = `pool-${(run += 1)}`;
        for (const one of steps) await take(pool, all, one as Step);
        let begun = 0;
        for (const { id } of all) {
          const records = (await store.records.ofAction('default', id)).map(({ record }) => record);
          const types = records.map(({ type }) => type);
          const redemptions = types.filter((type) => type === 'redemption').length;
          expect(redemptions).toBeLessThanOrEqual(1);
          if (redemptions === 1) expect(types.indexOf('release')).toBeLessThan(types.indexOf('redemption'));
          const [first] = records;
          const gaveBack = records.some(
            (record) => record.type === 'outcome' && ['failed', 'skipped', 'lapsed'].includes(record.status),
          );
          if (redemptions === 1 && !gaveBack && first?.type === 'verdict')
            begun += Number(first.disclosed['params.amount']);
        }
        expect(begun).toBeLessThanOrEqual(MAX);
      }),
      { numRuns: 25, endOnFailure: true },
    );
    const audit = new ChainAudit({ whole: true });
    for (let from = 0; ; from += 500) {
      const entries = await store.records.entries('default', from, from + 500);
      for (const { record, hash } of entries) expect(audit.add(record, hash)).toEqual([]);
      if (entries.length < 500) break;
    }
  },
);
