/**
 * Receipts from a large log, and their verification: `npx tsx bench/evidence/proof.ts [entries, 10,000,000 unless told]`.
 *
 * The log's tiles are real and stand in PostgreSQL as the sequencer would have left them; of the entries only those that are asked for
 * have rows, since nothing else is read for a proof.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { formatCheckpoint, signNote, TILE_WIDTH } from '../../src/ledger/index.ts';
import { nodeVerify, openFileKeys } from '../../src/keys/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope, verifyReceipt } from '../../src/sealing/index.ts';
import { createLogReader } from '../../src/sequencer/index.ts';
import { openEmbeddedPostgres, openStore } from '../../src/store/index.ts';
import type { OutcomeRecord, Receipt } from '../../src/contract/index.ts';

const TENANT = 'default';
const AT = '2026-11-21T08:00:00.000Z';
const PROBES = 2000;
const size = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 10_000_000);

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Root of hashes of one level, which are a complete subtree or the right edge of one (RFC 6962 section 2.1). */
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      next.push(sha256(NODE, row[i] as Uint8Array, row[i + 1] as Uint8Array));
    }
    if (row.length % 2 === 1) next.push(row.at(-1) as Uint8Array);
    row = next;
  }
  return row[0] ?? sha256();
}

function percentiles(took: number[]): string {
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(share * took.length)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)} ms`;
}

const dataDir = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
const postgres = await openEmbeddedPostgres({ dataDir });
try {
  const keys = await openFileKeys(dataDir);
  const store = await openStore({ connectionString: postgres.connectionString, cipher: keys.payloadCipher });
  await store.migrate();
  const { record: signer, log } = keys.forTenant(TENANT);
  const client = new pg.Client({ connectionString: postgres.connectionString });
  await client.connect();

  const probes = new Map<number, { envelope: Uint8Array; hash: string }>();
  for (let i = 0; i < PROBES; i++) {
    const index = Math.floor((i + 0.5) * (size / PROBES));
    const record: OutcomeRecord = {
      ...{ v: 1, type: 'outcome', tenant: TENANT, action: `act_${index}`, seq: 0, prev: null, at: AT },
      ...{
        requestHash: null,
        surface: 'payments.refund',
        status: 'executed',
        reference: 'x'.repeat(400),
        detail: null,
      },
      by: 'key:bench',
    };
    const { payload, hash } = encodeRecord(record);
    probes.set(index, { hash, envelope: envelopeBytes(await signEnvelope(payload, signer)) });
  }

  const insertEntry = `insert into log_entry (tenant, index, action, seq, type, record_hash, leaf_hash, envelope, at)
    values ($1, $2, $3, 0, 'outcome', $4, $5, $6, $7)`;
  const insertTile = 'insert into log_tile (tenant, level, index, hashes) values ($1, $2, $3, $4)';
  const edge = size - (size % TILE_WIDTH);
  const seed = Buffer.alloc(9);
  const levels: Uint8Array[][] = [[], [], [], []];
  const carry = async (level: number, hash: Uint8Array): Promise<void> => {
    const tile = levels[level] as Uint8Array[];
    tile.push(hash);
    if (tile.length < TILE_WIDTH) return;
    const index = tiles[level] ?? 0;
    tiles[level] = index + 1;
    await client.query({ name: 'tile', text: insertTile, values: [TENANT, level, index, Buffer.concat(tile)] });
    levels[level] = [];
    await carry(level + 1, rootOf(tile));
  };
  const tiles: number[] = [0, 0, 0, 0];
  const began = performance.now();
  await client.query('set synchronous_commit = off');
  for (let index = 0; index < size; index++) {
    const probe = probes.get(index);
    seed.writeDoubleBE(index, 1);
    const leaf = probe === undefined ? sha256(seed) : sha256(LEAF, probe.envelope);
    if (probe !== undefined || index >= edge) {
      const { envelope, hash } = probe ?? { envelope: seed, hash: `sha256:${leaf.toString('hex')}` };
      const values = [
        TENANT,
        index,
        `act_${index}`,
        Buffer.from(hash.slice(7), 'hex'),
        leaf,
        Buffer.from(envelope),
        AT,
      ];
      await client.query({ name: 'entry', text: insertEntry, values });
    }
    await carry(0, leaf);
  }
  // Tiles above the leaves are kept from their first hash on.
  for (const [level, tile] of levels.entries()) {
    if (level > 0 && tile.length > 0) {
      await client.query(insertTile, [TENANT, level, tiles[level], Buffer.concat(tile)]);
    }
  }
  // The right edge: what is left at each level, folded from the leaves up.
  let right: Uint8Array | null = null;
  for (const tile of levels) {
    const row: Uint8Array[] = right === null ? tile : [...tile, right];
    right = row.length === 0 ? null : foldEdge(tile, right);
  }
  const root: Uint8Array = right ?? sha256();
  const checkpoint = await signNote(formatCheckpoint({ origin: log.key.name, size, root }), log.key, log.sign);
  await client.query('insert into log_head (tenant, size, frontier, root, checkpoint) values ($1, $2, $3, $4, $5)', [
    ...[TENANT, size, Buffer.alloc(0), Buffer.from(root), checkpoint],
  ]);
  await client.query('analyze');
  await client.end();
  console.log(`a log of ${size} entries, built in ${((performance.now() - began) / 1000).toFixed(0)} s`);

  const reader = createLogReader({ store, keys });
  const receipts: Receipt[] = [];
  const took: number[] = [];
  for (const { hash } of probes.values()) {
    const from = performance.now();
    receipts.push(await reader.receipt(TENANT, hash));
    took.push(performance.now() - from);
  }
  console.log(`receipt, 1 in flight:  ${percentiles(took)} (to reach: p50 at most 5)`);
  console.log(`hashes in a proof: ${receipts[0]?.log.inclusion.length}`);

  const trust = { recordKeys: [signer.publicJwk], logKeys: [log.vkey] };
  for (const receipt of receipts) await verifyReceipt(receipt, trust, { verify: nodeVerify });
  const from = performance.now();
  for (const receipt of receipts) await verifyReceipt(receipt, trust, { verify: nodeVerify });
  const perSecond = (receipts.length / (performance.now() - from)) * 1000;
  console.log(`verification, one core: ${perSecond.toFixed(0)}/s (to reach: 2000/s)`);
  await store.close();
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** Root of an incomplete right edge: complete subtrees of falling size from the left, `right` at the end. */
function foldEdge(tile: readonly Uint8Array[], right: Uint8Array | null): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < tile.length;) {
    const width = 2 ** Math.floor(Math.log2(tile.length - at));
    parts.push(rootOf(tile.slice(at, at + width)));
    at += width;
  }
  if (right !== null) parts.push(right);
  return parts.reduceRight((later, earlier) => sha256(NODE, earlier, later));
}
