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
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';
import { tamper } from '../support/tamper.ts';
import { openTestPostgres } from '../support/cluster.ts';

const MAX = 250;
const POLICY = `policy: test.random
surfaces: [test.random]
refusalStands: 0
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
  postgres = await openTestPostgres({ dataDir: databaseDir });
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
      ...['delete-shares', 'edit-shares', 'edit-totals'],
    ] as const
  ).map((kind) => ({ weight: 1, arbitrary: fc.record({ kind: fc.constant(kind), at: fc.nat(9) }) })),
);
type Step = { kind: string; amount?: number; at?: number };

/** Edits of rows of one action, each by what it does. */
const EDITS: Record<string, string> = {
  'the status': `update action set status = case status when 'executed' then 'released' else 'executed' end where id = $1`,
  'the status of the view': `update action set view = jsonb_set(view::jsonb, '{action,status}', '"lapsed"')::json where id = $1`,
  'who asked': `update action set requester = 'user:mallory@acme.test' where id = $1`,
  'the request hash': `update action set view = jsonb_set(view::jsonb, '{action,requestHash}', '"sha256:00"')::json where id = $1`,
  'its retention': `update action set retain_until = now() where id = $1`,
  'its row': `delete from action where id = $1`,
  'its redemption': `update permit set redeemed_at = case when redeemed_at is null then now() end where action = $1`,
  'the time of its permits': `update permit set expires_at = expires_at + interval '1 day' where action = $1`,
  'its permits': `delete from permit where action = $1`,
  'its share': `delete from limit_reservation where action = $1`,
  'how it was judged': `update limit_decision set value = (value::jsonb || '{"facts": {"now": "x"}}')::json where action = $1`,
  'that it was judged': `delete from limit_decision where action = $1`,
  'the size of its share': `update limit_reservation set amount = amount - 1 where action = $1`,
};
const EDITED = ['action', 'permit', 'limit_decision', 'limit_reservation', 'limit_total'];

/** Actions that the audit of the rows names. */
async function named(): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { body } = await it_.call('GET', `/v1/row-differences${query}`);
    ids.push(...body.differences.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
  }
  return [...new Set(ids.filter((id) => id.startsWith('act_')))].sort();
}

const sql = (statement: string, values: unknown[] = []) => tamper(postgres.connectionString, statement, values);
/** All that a table says of an action. */
const rowsOf = async (id: string): Promise<string> =>
  JSON.stringify([
    await sql('select to_jsonb(a) as row from action a where id = $1', [id]),
    await sql('select to_jsonb(p) as row from permit p where action = $1 order by jti', [id]),
    await sql('select to_jsonb(r) as row from limit_reservation r where action = $1', [id]),
    await sql('select to_jsonb(d) as row from limit_decision d where action = $1', [id]),
  ]);

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
    case 'delete-shares':
      await sql('delete from limit_reservation where action = $1', [one.id]);
      return;
    case 'edit-shares':
      await sql(`update limit_reservation set at = at - interval '9 days' where action = $1`, [one.id]);
      return;
    case 'edit-totals':
      await sql(
        'update limit_total set total = 0 where slot in (select slot from limit_reservation where action = $1)',
        [one.id],
      );
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

it(
  'the audit of the rows names every action of which a row was edited, and no other',
  { timeout: 240_000 },
  async () => {
    await sql('create schema backup');
    let run = 0;
    const edit = fc.record({ kind: fc.constantFrom(...Object.keys(EDITS)), at: fc.nat(9) });
    const course = fc.array(
      step.filter(({ kind }) => !/^(edit|delete)-/.test(kind)),
      { minLength: 6, maxLength: 16 },
    );
    // What the courses before left edited.
    const before = await named();
    await fc.assert(
      fc.asyncProperty(course, fc.array(edit, { minLength: 1, maxLength: 4 }), async (steps, edits) => {
        const all: Running[] = [];
        const pool = `edited-${(run += 1)}`;
        await take(pool, all, { kind: 'ask', amount: 60 });
        for (const one of steps) await take(pool, all, one as Step);
        expect(await named()).toEqual(before);
        for (const table of EDITED) await sql(`create table backup."${table}" as select * from "${table}"`);
        const was = new Map<string, string>();
        for (const { id } of all) was.set(id, await rowsOf(id));
        for (const { kind, at } of edits) await sql(EDITS[kind] ?? '', [all[at % all.length]?.id]);
        const edited = new Set(before);
        for (const { id } of all) if ((await rowsOf(id)) !== was.get(id)) edited.add(id);
        const found = await named();
        const restored = EDITED.map(
          (table) =>
            `delete from "${table}"; insert into "${table}" select * from backup."${table}"; drop table backup."${table}";`,
        );
        await sql(`set session_replication_role = replica; ${restored.join(' ')}`);
        expect(found).toEqual([...edited].sort());
        expect(await named()).toEqual(before);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  },
);
