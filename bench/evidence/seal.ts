/**
 * What sealing costs on a real PostgreSQL with everything durable: `npx tsx bench/evidence/seal.ts`.
 *
 * Records are signed before the clock starts, as the activities do it before they call the sequencer; the measured path is hashing,
 * tree, checkpoint signature, commit and answer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openFileKeys } from '../../src/keys/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope, type Signer } from '../../src/sealing/index.ts';
import { createSequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import { openEmbeddedPostgres, openStore } from '../../src/store/index.ts';
import type { VerdictRecord } from '../../src/contract/index.ts';

const TENANT = 'default';
const AT = '2026-11-21T08:00:00.000Z';

/** A verdict as a small refund gets it. */
async function verdict(signer: Signer, n: number): Promise<StagedRecord> {
  const commitment = `sha256:${'ab'.repeat(32)}`;
  const record: VerdictRecord = {
    v: 1,
    type: 'verdict',
    tenant: TENANT,
    action: `act_${n.toString(16).padStart(64, '0')}`,
    seq: 0,
    prev: null,
    at: AT,
    requestHash: commitment,
    surface: 'payments.refund',
    verb: 'refund.create',
    actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
    verdict: {
      decision: 'approve',
      basis: 'rule',
      bundle: commitment,
      policy: 'payments.refund',
      rule: 'small',
      reasons: ['rule `small` of `payments.refund` matched'],
      mode: 'enforce',
      changes: null,
    },
    observed: null,
    facts: {
      now: AT,
      limits: [{ limit: 'payments.refund/agent-daily', key: ['agent:support-bot'], used: String(n) }],
      people: {},
      conflict: null,
    },
    plan: null,
    disclosed: { 'params.amount': 42.5, 'params.currency': 'USD', 'resource.id': `ord_${n}` },
    commitments: { 'resource.type': commitment, 'params.reason': commitment, 'context.folder': commitment },
  };
  const { payload, hash } = encodeRecord(record);
  return {
    action: record.action,
    seq: 0,
    type: 'verdict',
    recordHash: hash,
    envelope: envelopeBytes(await signEnvelope(payload, signer)),
    at: AT,
    facets: {
      surface: record.surface,
      actor: record.actor.id,
      approver: null,
      decision: 'approve',
      policy: 'payments.refund',
      rule: 'small',
    },
  };
}

/** Runs `work` for each item, `width` at a time, and answers milliseconds in all and of each. */
async function measure<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>) {
  const each: number[] = [];
  let next = 0;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const from = performance.now();
      await work(items[at] as T);
      each.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  const total = performance.now() - began;
  return summary(each, total);
}

function summary(each: number[], total = each.reduce((sum, ms) => sum + ms, 0)) {
  each.sort((a, b) => a - b);
  const at = (share: number): number => each[Math.min(each.length - 1, Math.floor(share * each.length))] ?? 0;
  return { perSecond: (each.length / total) * 1000, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const show = (name: string, m: ReturnType<typeof summary>): void => {
  const ms = (value: number): string => value.toFixed(2).padStart(7);
  console.log(
    `${name.padEnd(34)} ${m.perSecond.toFixed(0).padStart(6)}/s  p50 ${ms(m.p50)}  p95 ${ms(m.p95)}  p99 ${ms(m.p99)} ms`,
  );
};

const dataDir = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
const postgres = await openEmbeddedPostgres({ dataDir });
try {
  const keys = await openFileKeys(dataDir);
  const store = await openStore({ connectionString: postgres.connectionString, cipher: keys.payloadCipher });
  await store.migrate();
  const sequencer = createSequencer({ store, keys });
  const signer = keys.forTenant(TENANT).record;
  let n = 0;
  const batch = (count: number): Promise<StagedRecord[]> =>
    Promise.all(Array.from({ length: count }, () => verdict(signer, n++)));
  const sealOne = (record: StagedRecord): Promise<unknown> => sequencer.append(TENANT, [record]);

  const bare = new pg.Pool({ connectionString: postgres.connectionString, max: 1 });
  // The server stops while connections still close.
  bare.on('error', () => undefined);
  await bare.query('create table bare (id bigint generated always as identity primary key, envelope bytea not null)');
  await bare.query('alter table bare alter column envelope set storage external');
  const insert = (record: StagedRecord): Promise<unknown> =>
    bare.query({
      name: 'bare',
      text: 'insert into bare (envelope) values ($1)',
      values: [Buffer.from(record.envelope)],
    });

  await measure(await batch(2000), 256, sealOne);
  await measure(await batch(500), 1, sealOne);
  await measure(await batch(500), 1, insert);
  // Turn and turn about, so that both meet the same machine.
  const turns = await batch(6000);
  const took = { bare: [] as number[], seal: [] as number[] };
  for (const [i, record] of turns.entries()) {
    const began = performance.now();
    await (i % 2 === 0 ? insert(record) : sealOne(record));
    (i % 2 === 0 ? took.bare : took.seal).push(performance.now() - began);
  }
  const [bareTook, sealTook] = [summary(took.bare), summary(took.seal)];
  show('bare durable insert, 1 in flight', bareTook);
  show('seal, 1 in flight', sealTook);
  console.log(`seal / bare insert at p50: ${(sealTook.p50 / bareTook.p50).toFixed(2)} (to reach: at most 2)`);
  const rounds = 4;
  for (let round = 0; round < rounds; round++) {
    show('seal, 256 in flight', await measure(await batch(20_000), 256, sealOne));
  }
  console.log('to reach at 256 in flight: 5000/s');

  const sizes = await bare.query<{ bytes: string; envelopes: string; entries: string }>(
    `select (pg_total_relation_size('log_entry') + pg_total_relation_size('log_tile') + pg_total_relation_size('log_head'))
       / count(*) as bytes, avg(length(envelope)) as envelopes, count(*) as entries from log_entry`,
  );
  const { bytes, envelopes, entries } = sizes.rows[0] ?? { bytes: '0', envelopes: '1', entries: '0' };
  console.log(
    `storage of ${entries} records: ${bytes} bytes each, envelope ${Number(envelopes).toFixed(0)}: ${(Number(bytes) / Number(envelopes)).toFixed(2)} times (to reach: at most 2.5)`,
  );
  await bare.end();
  await store.close();
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
