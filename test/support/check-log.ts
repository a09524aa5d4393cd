/** One checker of a whole log: called after every step that could have broken it. */
import pg from 'pg';
import { expect } from 'vitest';
import { equalBytes } from '../../src/canonical/index.ts';
import {
  decodeEntries,
  emptyFrontier,
  extendFrontier,
  frontierRoot,
  leafHash,
  openCheckpoint,
  TILE_LEVELS,
  TILE_WIDTH,
} from '../../src/ledger/index.ts';
import { nodeVerify, nodeVerifyEd25519, type Keys } from '../../src/keys/index.ts';
import { decodeRecord, openEnvelope, recordHash, verifyReceipt } from '../../src/sealing/index.ts';
import { createLogReader, type LogReader } from '../../src/sequencer/index.ts';
import type { Store } from '../../src/store/index.ts';
import type { Envelope } from '../../src/contract/index.ts';

export interface CheckedLog {
  size: number;
  /** Record hashes in the log's order. */
  hashes: string[];
  /** `action seq` in the log's order. */
  keys: string[];
  root: Uint8Array;
  checkpoint: string;
}

/** An earlier look at the same log, which the present one must be a continuation of. */
export type Earlier = Pick<CheckedLog, 'size' | 'root' | 'hashes'>;

/**
 * Reads a log only as the outside can, checks every hash, signature, tile, proof and chain in it, and compares it with the rows that
 * are kept for finding. Throws the first thing that is wrong.
 */
export async function checkLog(
  world: { store: Store; keys: Keys; tenant?: string },
  earlier: readonly Earlier[] = [],
): Promise<CheckedLog> {
  const { store, keys, tenant = 'default' } = world;
  const reader = createLogReader({ store, keys });
  if (!(await reader.exists(tenant))) {
    return { size: 0, hashes: [], keys: [], root: frontierRoot(emptyFrontier()), checkpoint: '' };
  }
  const tenantKeys = keys.forTenant(tenant);
  const checkpoint = await reader.checkpoint(tenant);
  const opened = await openCheckpoint(checkpoint, [tenantKeys.log.key], nodeVerifyEd25519);
  const entries = await readEntries(reader, tenant, opened.size);
  expect(entries.length).toBe(opened.size);

  const { root, completed } = extendFrontier(emptyFrontier(), entries.map(leafHash));
  expect(equalBytes(root, opened.root)).toBe(true);
  await checkTiles(reader, tenant, opened.size, completed);

  const hashes: string[] = [];
  const chain = new Map<string, { seq: number; hash: string }>();
  const seen: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const envelope = JSON.parse(Buffer.from(entry).toString('utf8')) as Envelope;
    const { payload } = await openEnvelope(envelope, [tenantKeys.record.publicJwk], nodeVerify);
    const record = decodeRecord(payload);
    const hash = recordHash(payload);
    const before = chain.get(record.action);
    expect(record.seq, `seq of entry ${index}`).toBe(before === undefined ? 0 : before.seq + 1);
    expect(record.prev, `prev of entry ${index}`).toBe(before?.hash ?? null);
    chain.set(record.action, { seq: record.seq, hash });
    hashes.push(hash);
    seen.push(`${record.action} ${record.seq}`);
  }
  expect(new Set(seen).size).toBe(seen.length);

  const rows = await store.records.entries(tenant, 0, opened.size + 1000);
  expect(rows.map(({ hash }) => hash)).toEqual(hashes);
  expect(rows.map(({ index }) => index)).toEqual(hashes.map((_, index) => index));

  const trust = { recordKeys: [tenantKeys.record.publicJwk], logKeys: [tenantKeys.log.vkey] };
  for (const index of sample(opened.size)) {
    const hash = hashes[index] as string;
    const receipt = await reader.receipt(tenant, hash);
    expect(receipt.log.index).toBe(index);
    const verified = await verifyReceipt(receipt, trust, { verify: nodeVerify });
    expect(verified).toMatchObject({ recordHash: hash, index });
  }
  for (const past of earlier) {
    expect(hashes.slice(0, past.size)).toEqual(past.hashes.slice(0, past.size));
    const { root: then } = extendFrontier(emptyFrontier(), entries.slice(0, past.size).map(leafHash));
    expect(equalBytes(then, past.root)).toBe(true);
  }
  return { size: opened.size, hashes, keys: seen, root, checkpoint };
}

async function readEntries(reader: LogReader, tenant: string, size: number): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for (let index = 0; entries.length < size; index++) {
    const width = Math.min(TILE_WIDTH, size - entries.length);
    const bundle = await reader.entries(tenant, index, width);
    expect(bundle, `entry bundle ${index}`).not.toBeNull();
    entries.push(...decodeEntries(bundle as Uint8Array));
  }
  return entries;
}

async function checkTiles(
  reader: LogReader,
  tenant: string,
  size: number,
  completed: readonly { level: number; index: number; hash: Uint8Array }[],
): Promise<void> {
  for (let level = 0; size >= TILE_WIDTH ** level; level++) {
    const hashes = completed.filter((it) => it.level === level * TILE_LEVELS).map(({ hash }) => hash);
    for (let first = 0; first < hashes.length; first += TILE_WIDTH) {
      const want = hashes.slice(first, first + TILE_WIDTH);
      const tile = await reader.tile(tenant, level, first / TILE_WIDTH, want.length);
      expect(Buffer.from(tile ?? []).equals(Buffer.concat(want)), `tile ${level}/${first / TILE_WIDTH}`).toBe(true);
      expect(await reader.tile(tenant, level, first / TILE_WIDTH, want.length + 1)).toBeNull();
    }
  }
}

/** Both ends, both sides of every tile border, and some between. */
function sample(size: number): number[] {
  const wanted = [0, 1, 255, 256, 257, size - 257, size - 2, size - 1];
  for (let index = 97; index < size; index += 997) wanted.push(index);
  return [...new Set(wanted)].filter((index) => index >= 0 && index < size);
}

/** Changes a row behind the engine's back. */
export async function tamper(connectionString: string, statement: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement, values);
  } finally {
    await client.end();
  }
}
