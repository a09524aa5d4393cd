/** Generates the files of an evidence archive, one after the other. */
import { createHash } from 'node:crypto';
import { canonicalBytes } from '../../canonical/index.ts';
import type { Envelope, Json, Receipt, RecordPayload } from '../../contract/index.ts';
import {
  ARCHIVE_FILES,
  archiveReadme,
  exportLine,
  isWholeLog,
  peoplePath,
  policyPath,
  receiptPath,
  type ReportHead,
} from '../../export/index.ts';
import { tilePath, tileWidth } from '../../ledger/index.ts';
import { listsNamed, makeReceipt } from '../../sealing/index.ts';
import type { LogReader } from '../../sequencer/index.ts';
import type { Selection, Store } from '../../store/index.ts';
import type { KeyHistory } from '../../sealing/key-views.ts';
import { keyFiles } from '../key-files.ts';
import { Documents } from '../documents.ts';
import { logFiles } from './log-files.ts';
import { Proofs } from './proofs.ts';
import { Spool } from '../spool.ts';
import type { ArchiveFile } from './tarball.ts';

export interface ArchiveSource {
  store: {
    records: Pick<Store['records'], 'scan'>;
    bundles: Pick<Store['bundles'], 'get'>;
    people: Pick<Store['people'], 'lists'>;
  };
  logReader: Pick<LogReader, 'checkpoint' | 'tile' | 'entries'>;
}

export interface ArchiveInput {
  tenant: string;
  selection: Selection;
  head: ReportHead;
  /** The export's own record: its place and its entry of the log. */
  exportRecord: { index: number; envelope: Uint8Array };
  /** A checkpoint that covers it. */
  log: { origin: string; size: number; checkpoint: string };
  /** Bytes of `key-history.json`. */
  keyHistory: Uint8Array;
}

/** A receipt as a file holds it. */
export const receiptBytes = (receipt: Receipt | Json): Uint8Array =>
  Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`);

/** Policy bundles that a record names. */
export function policyBundlesOf(record: RecordPayload): string[] {
  return namedBundles(record).filter((hash) => typeof hash === 'string');
}

function namedBundles(record: RecordPayload): (Json | undefined)[] {
  switch (record.type) {
    case 'verdict':
      return [record.verdict.bundle, record.observed?.bundle];
    case 'release':
      return [record.rejudged?.verdict.bundle];
    case 'policy':
      return [record.body['bundle'], record.body['previous']];
    default:
      return [];
  }
}

export async function* archiveFiles(source: ArchiveSource, input: ArchiveInput): AsyncGenerator<ArchiveFile> {
  const sums = await Spool.open();
  try {
    for await (const file of files(source, input)) {
      const hash = createHash('sha256');
      yield { ...file, chunks: () => hashing(file, hash) };
      await sums.write(`${hash.digest('hex')}  ${file.name}\n`);
    }
    yield { name: ARCHIVE_FILES.sums, size: sums.size, chunks: () => sums.chunks() };
  } finally {
    await sums.close();
  }
}

async function* hashing(file: ArchiveFile, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const chunk of file.chunks()) {
    hash.update(chunk);
    yield chunk;
  }
}

const file = (name: string, bytes: Uint8Array): ArchiveFile => ({ name, size: bytes.length, chunks: () => [bytes] });

async function* files(source: ArchiveSource, input: ArchiveInput): AsyncGenerator<ArchiveFile> {
  const { tenant, selection, head, exportRecord, log, keyHistory } = input;
  const whole = isWholeLog(head.body);
  const proofs = new Proofs(source.logReader, tenant, log.size);
  const receipt = async (index: number, envelope: Uint8Array): Promise<Uint8Array> => {
    const parsed = JSON.parse(Buffer.from(envelope).toString('utf8')) as Envelope;
    const { origin, checkpoint } = log;
    return receiptBytes(makeReceipt(parsed, { origin, index, checkpoint, proof: await proofs.of(index) }));
  };
  yield file(ARCHIVE_FILES.readme, Buffer.from(archiveReadme(head), 'utf8'));
  yield file(ARCHIVE_FILES.receipt, await receipt(exportRecord.index, exportRecord.envelope));
  const keys = keyFiles(JSON.parse(Buffer.from(keyHistory).toString('utf8')) as KeyHistory);
  yield file(ARCHIVE_FILES.recordKeys, keys.recordKeys);
  yield file(ARCHIVE_FILES.logKey, keys.logKey);
  yield file(ARCHIVE_FILES.keyHistory, keyHistory);
  yield file(ARCHIVE_FILES.checkpoint, Buffer.from(log.checkpoint, 'utf8'));

  const records = await Spool.open();
  try {
    const documents = await Documents.open(({ offset, length }) => records.read(offset, length), {
      bundle: (hash) => source.store.bundles.get(tenant, hash),
    });
    try {
      const bundles = new Set<string>();
      const people = new Set<string>();
      for await (const page of source.store.records.scan(tenant, selection)) {
        for (const { index, envelope, last } of page) {
          const { line, ...one } = exportLine({ index, envelope, last });
          const offset = records.size;
          await records.write(`${line}\n`);
          await documents.add(one, { offset, length: Buffer.byteLength(line) }, { last });
          for (const hash of policyBundlesOf(one.record)) bundles.add(hash);
          for (const entry of listsNamed(one.record)) people.add(entry);
          yield file(receiptPath(one.hash), await receipt(index, envelope));
        }
      }
      for (const hash of bundles) {
        const policy = await source.store.bundles.get(tenant, hash);
        if (policy !== null) yield file(policyPath(hash), canonicalBytes(policy));
      }
      for (const entry of people) {
        const list = (await source.store.people.lists(tenant, [entry])).get(entry);
        if (list != null) yield file(peoplePath(entry), canonicalBytes(list));
      }
      yield { name: ARCHIVE_FILES.records, size: records.size, chunks: () => records.chunks() };
      const { csv, report } = documents.finish(head);
      yield { name: ARCHIVE_FILES.csv, size: csv.size, chunks: () => csv.chunks() };
      yield { name: ARCHIVE_FILES.report, size: report.size, chunks: () => report.chunks() };
    } finally {
      await documents.close();
    }
  } finally {
    await records.close();
  }
  if (!whole) return;
  yield file(ARCHIVE_FILES.logKeyHistory, keyHistory);
  const read = logFiles(source.logReader, tenant);
  for (const path of treeFiles(log.size)) {
    const bytes = await read(path);
    if (bytes === null) throw new Error(`the log does not reach ${path}`);
    yield file(`log/${path}`, bytes);
  }
}

/** Every tile and entry bundle of a log of `size` entries. */
export function* treeFiles(size: number): Generator<string> {
  for (let level = 0; tileWidth(level, 0, size) > 0; level++) {
    for (let index = 0; tileWidth(level, index, size) > 0; index++) {
      const width = tileWidth(level, index, size);
      yield tilePath({ level, index, width });
      if (level === 0) yield tilePath({ level: 'entries', index, width });
    }
  }
}
