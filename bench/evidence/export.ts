/**
 * An evidence bundle of a large log in constant memory: `npx tsx bench/evidence/export.ts [records, 100,000 unless told]`.
 *
 * The log is sealed by the sequencer itself, a third of its actions open at any time. The bundle is read as fast as it is made and thrown
 * away; what counts is how far the process grows between the first byte and the last. Exits with 1 beyond {@link GROWTH_MAX}.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { RecordPayload } from '../../src/contract/index.ts';
import { exportRecords } from '../../src/gateway/export.ts';
import { createLogWatch } from '../../src/projection/index.ts';
import { openFileKeys } from '../../src/keys/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope } from '../../src/sealing/index.ts';
import { createLogReader, createSequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import { openEmbeddedPostgres, openStore } from '../../src/store/index.ts';
import { COURSES } from '../../test/evidence/world.ts';

const TENANT = 'default';
const AT = '2026-11-21T08:00:00.000Z';
const MIB = 1024 * 1024;
/** Growth of the resident set that counts as constant, in MiB: buffers, code and the garbage collector's slack. */
const GROWTH_MAX = 150;
const BATCH = 500;
const records = Number(process.argv[2] ?? 100_000);

const dataDir = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
const postgres = await openEmbeddedPostgres({ dataDir });
let growth = Infinity;
try {
  const keys = await openFileKeys(dataDir);
  const store = await openStore({ connectionString: postgres.connectionString, cipher: keys.payloadCipher });
  await store.migrate();
  const { record: signer } = keys.forTenant(TENANT);
  const sequencer = createSequencer({ store, keys });

  const course = COURSES['overridden'] ?? [];
  const staged = async (group: number, seq: number, action: number, prev: string | null): Promise<StagedRecord> => {
    const id = `act_${String(group * BATCH + action).padStart(64, '0')}`;
    const record = {
      ...{ v: 1, tenant: TENANT, action: id, seq, prev, at: AT, requestHash: `sha256:${'0'.repeat(64)}` },
      ...course[seq],
    } as unknown as RecordPayload;
    const { payload, hash } = encodeRecord(record);
    return {
      ...{ action: id, seq, type: record.type, at: AT, recordHash: hash },
      envelope: envelopeBytes(await signEnvelope(payload, signer)),
      facets: { surface: 'payments.refund', actor: 'agent:bench', approver: null, decision: null },
    };
  };
  for (let group = 0, sealed = 0; sealed < records; group++) {
    let before: string[] = [];
    for (let seq = 0; seq < course.length && sealed < records; seq++) {
      const count = Math.min(BATCH, records - sealed);
      const batch = await Promise.all(
        Array.from({ length: count }, (_, action) => staged(group, seq, action, before[action] ?? null)),
      );
      await sequencer.append(TENANT, batch);
      before = batch.map(({ recordHash }) => recordHash);
      sealed += count;
    }
  }

  const caller = {
    id: 'key:bench',
    kind: 'key',
    tenant: TENANT,
    surfaces: ['**'],
    actors: ['*'],
    roles: [],
    groups: [],
  };
  const deps = {
    ...{ store, sequencer, signers: (tenant: string) => keys.forTenant(tenant), now: () => new Date(AT) },
    logReader: createLogReader({ store, keys }),
  };
  const logWatch = createLogWatch({ logReader: deps.logReader, keys, now: () => new Date() });
  const measure = async (): Promise<{ bytes: number; peak: number; began: number; took: number }> => {
    const started = performance.now();
    const { stream } = await exportRecords(
      { ...deps, logWatch },
      caller as unknown as Parameters<typeof exportRecords>[1],
      'bundle',
      {},
    );
    let bytes = 0;
    let peak = 0;
    globalThis.gc?.();
    const began = process.memoryUsage().rss;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      peak = Math.max(peak, process.memoryUsage().rss);
      await turn();
    }
    return { bytes, peak, began, took: (performance.now() - started) / 1000 };
  };
  const { bytes, peak, began, took } = await measure();
  growth = Math.max(0, peak - began) / MIB;
  console.log(
    `bundle of ${records} records: ${(bytes / MIB).toFixed(1)} MiB in ${took.toFixed(1)} s (${Math.round(records / took)} records/s)`,
  );
  console.log(
    `resident set: ${(began / MIB).toFixed(0)} MiB at the first byte, at most ${growth.toFixed(0)} MiB more (floor: ${GROWTH_MAX})`,
  );
  await store.close();
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(growth <= GROWTH_MAX ? 0 : 1);
