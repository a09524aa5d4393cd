/** Evidence archives of logs in memory, made by the exporter itself. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fromBase64, fromUtf8, hashOf, hashOfBytes, toBase64 } from '../../src/canonical/index.ts';
import type { Envelope, Json, RecordPayload } from '../../src/contract/index.ts';
import { RENDERING, type ExportBody } from '../../src/export/index.ts';
import { archiveFiles, type ArchiveSource } from '../../src/archive/make/files.ts';
import { tarball } from '../../src/archive/make/tarball.ts';
import type { KeyHistory } from '../../src/sealing/key-views.ts';
import { encodeEntries, parseVkey, TILE_WIDTH } from '../../src/ledger/index.ts';
import { kidOfVkey, KEY_HISTORY_KIND, type PublicJwk } from '../../src/sealing/index.ts';
import type { ScannedRecord, Selection } from '../../src/store/index.ts';
import { BUNDLE, POLICY, type Draft, type TestLog } from '../evidence/world.ts';

export const EXPORTED_AT = '2026-11-21T12:00:00.000Z';
const ORIGIN = 'countersign/default';

const recordOf = (entry: Uint8Array): RecordPayload =>
  JSON.parse(fromUtf8(fromBase64((JSON.parse(fromUtf8(entry)) as Envelope).payload))) as RecordPayload;
const hashOfEntry = (entry: Uint8Array): string =>
  hashOfBytes(fromBase64((JSON.parse(fromUtf8(entry)) as Envelope).payload));

/** What the database and the log reader would give of this log. */
export function sourceOf(
  { log }: TestLog,
  policies: ReadonlyMap<string, Json> = new Map([[BUNDLE, POLICY]]),
): ArchiveSource {
  return {
    store: {
      records: {
        async *scan(_tenant: string, { filter, size }: Selection) {
          const entries = log.entries
            .slice(0, size)
            .map((envelope, index) => ({ envelope, index, record: recordOf(envelope) }));
          const chosen = entries.filter(({ record }) => filter.action === undefined || record.action === filter.action);
          const rows = chosen.map(({ envelope, index, record }): ScannedRecord => ({
            index,
            envelope,
            recordHash: Buffer.from(hashOfEntry(envelope).slice(7), 'hex'),
            last: !entries.some((other) => other.record.action === record.action && other.record.seq > record.seq),
          }));
          for (let at = 0; at < rows.length; at += 256) yield await Promise.resolve(rows.slice(at, at + 256));
        },
      },
      people: { lists: (_tenant, entries) => Promise.resolve(new Map(entries.map((entry) => [entry, null]))) },
      bundles: { get: (_tenant, hash) => Promise.resolve(policies.get(hash) ?? null) },
    },
    logReader: {
      checkpoint: () => Promise.reject(new Error('a bundle has a checkpoint of its own')),
      tile: (_tenant, level, index, width) => log.readTile({ level, index, width }),
      entries: (_tenant, index, width) =>
        Promise.resolve(encodeEntries(log.entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width))),
    },
  };
}

/** The files of a bundle of all of a log, or of one action, sealed as an export in that log. */
export async function bundleOf(
  world: TestLog,
  { action, policies }: { action?: string; policies?: ReadonlyMap<string, Json> } = {},
): Promise<{ archive: Buffer; names: string[] }> {
  const { log, trust } = world;
  const size = log.size;
  const filter: Record<string, string> = action === undefined ? {} : { action };
  const selection: Selection = { filter, size, whole: true };
  const source = sourceOf(world, policies);
  const hashes: Uint8Array[] = [];
  for await (const page of source.store.records.scan('default', selection)) {
    hashes.push(...page.map(({ recordHash }) => recordHash));
  }
  const keyHistory = Buffer.from(`${JSON.stringify(historyOf(trust))}\n`);
  const body: ExportBody = {
    what: 'records',
    format: 'bundle',
    filter,
    records: hashes.length,
    digest: hashOfBytes(Buffer.concat(hashes)),
    log: { origin: ORIGIN, size, root: toBase64(log.root) },
    rendering: RENDERING,
    keys: hashOfBytes(keyHistory),
  };
  const draft: Draft = { type: 'export', at: EXPORTED_AT, by: 'user:auditor@acme.test', reason: null, body };
  await world.seal(`export:${size}`, [draft]);
  const envelope = log.entries.at(-1) ?? new Uint8Array(0);
  const head = { body, by: 'user:auditor@acme.test', at: EXPORTED_AT, record: hashOf(recordOf(envelope)) };
  const names: string[] = [];
  const files = archiveFiles(source, {
    ...{ tenant: 'default', selection, head, keyHistory },
    exportRecord: { index: size, envelope },
    log: { origin: ORIGIN, size: log.size, checkpoint: await world.checkpoint() },
  });
  const named = async function* (): AsyncGenerator<Awaited<ReturnType<typeof files.next>>['value']> {
    for await (const file of files) {
      names.push(file.name);
      yield file;
    }
  };
  const archive = await buffer(Readable.from(tarball(named(), new Date(EXPORTED_AT))).pipe(createGzip()));
  return { archive, names };
}

function historyOf(trust: TestLog['trust']): KeyHistory {
  const period = { since: '2026-11-21T08:00:00.000Z', until: null, revoked: null };
  return {
    kind: KEY_HISTORY_KIND,
    origin: ORIGIN,
    keys: [
      ...trust.logKeys.map((vkey) => ({ use: 'log' as const, kid: kidOfVkey(vkey), key: vkey, ...period })),
      ...trust.recordKeys.map((key) => ({
        use: 'record' as const,
        kid: (key as PublicJwk).kid,
        key: key as PublicJwk,
        ...period,
      })),
    ],
    receipts: [],
  };
}

/** Writes the keys that a verifier was given another way; gives the options that name them. */
export function keyOptions({ trust }: Pick<TestLog, 'trust'>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: trust.recordKeys }));
  return [
    '--key',
    join(folder, 'keys.json'),
    ...trust.logKeys.flatMap((vkey) => (parseVkey(vkey), ['--log-key', vkey])),
  ];
}
