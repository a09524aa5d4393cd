/** `GET /v1/export`: streams sealed records. The export is sealed before the first byte goes out. */
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { canonicalize, hashOfBytes, toBase64 } from '../canonical/index.ts';
import { CountersignError, readBounds, type OtherRecord } from '../contract/index.ts';
import {
  csvCell,
  csvHeader,
  csvRow,
  exportLine,
  ocsfLine,
  RENDERING,
  type ExportBody,
  type ExportFormat,
  type ExportRecord,
} from '../export/index.ts';
import { MoneyLedger } from '../archive/money-ledger.ts';
import { emptyRoot, parseCheckpoint, parseNote } from '../ledger/index.ts';
import { newExportChain, sealInChain, type ChainRecord } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import type { RecordFilter, Selection } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { keyHistory } from './keys.ts';
import { archiveFiles, type ArchiveInput } from '../archive/make/files.ts';
import { markedName, type Exported } from './exported.ts';
import { logWarning } from './log-state.ts';
import { tarball } from '../archive/make/tarball.ts';

export type ExportDeps = Pick<GatewayDeps, 'store' | 'sequencer' | 'signers' | 'logReader' | 'now' | 'logWatch'>;

const KINDS: Record<ExportFormat, { type: string; extension: string }> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  jsonl: { type: 'application/jsonl; charset=utf-8', extension: 'jsonl' },
  bundle: { type: 'application/gzip', extension: 'tar.gz' },
  ocsf: { type: 'application/jsonl; charset=utf-8', extension: 'ocsf.jsonl' },
};

/**
 * Exports the records that fit, up to the size that the log had when the export was asked for.
 *
 * @throws CountersignError `forbidden`; `invalid-request` for a malformed time; `unavailable` when it could not be sealed.
 */
export async function exportRecords(
  deps: ExportDeps,
  caller: Caller,
  format: ExportFormat,
  filter: RecordFilter,
): Promise<Exported> {
  if (!mayAudit(caller)) {
    throw new CountersignError(
      'forbidden',
      'only an auditor or an owner exports records; ask for an export, or read your own with GET /v1/records',
    );
  }
  const { tenant } = caller;
  const warning = await logWarning(deps, tenant);
  const asked = givenOf(filter);
  const head = await deps.store.log.head(tenant);
  const selection: Selection = { filter: asked, size: head?.size ?? 0, whole: format === 'bundle' };
  const { records, digest } = await countAndDigest(deps, tenant, selection);
  const history = format === 'bundle' ? Buffer.from(`${JSON.stringify(await keyHistory(deps, tenant))}\n`) : null;
  const said: ExportBody = {
    what: 'records',
    format,
    filter: asked,
    records,
    digest,
    log: {
      origin: originOf(tenant, head?.checkpoint),
      size: selection.size,
      root: toBase64(head?.root ?? emptyRoot()),
    },
    ...(warning === null ? {} : { warning }),
    ...(history === null ? {} : { rendering: RENDERING, keys: hashOfBytes(history) }),
  };
  // In the canonical order of the record, because report and README are made from the record.
  const body = JSON.parse(canonicalize(said)) as ExportBody;
  const at = deps.now().toISOString();
  const sealed = await sealInChain(deps, {
    tenant,
    type: 'export',
    chain: newExportChain(),
    after: null,
    at,
    by: caller.id,
    reason: null,
    body: body as unknown as OtherRecord['body'],
    facets: { decision: 'export' },
  });
  const { type, extension } = KINDS[format];
  const stamp = at.replaceAll(/[-:]|\.\d+/g, '');
  const name = format === 'bundle' ? 'evidence' : 'records';
  return {
    record: sealed.hash,
    records,
    contentType: type,
    fileName: `countersign-${tenant.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${markedName(name, warning)}-${stamp}.${extension}`,
    warning,
    stream:
      history === null
        ? Readable.from(marked(lines(deps, tenant, selection, format), format === 'csv' ? warning : null), {
            objectMode: false,
          })
        : await archiveOf(deps, tenant, { selection, sealed, history, body, by: caller.id, at }),
  };
}

/** The filters that were given, times in the one form that records have. */
function givenOf(filter: RecordFilter): Record<string, string> {
  const given = Object.entries(filter).filter((one): one is [string, string] => one[1] !== undefined && one[1] !== '');
  return { ...Object.fromEntries(given), ...readBounds(Object.fromEntries(given)) };
}

const originOf = (tenant: string, checkpoint: string | undefined): string =>
  checkpoint === undefined ? `countersign/${tenant}` : parseCheckpoint(parseNote(checkpoint).text).origin;

async function countAndDigest(
  deps: ExportDeps,
  tenant: string,
  selection: Selection,
): Promise<{ records: number; digest: string }> {
  const hash = createHash('sha256');
  let records = 0;
  for await (const page of deps.store.records.hashes(tenant, selection)) {
    for (const one of page) hash.update(one);
    records += page.length;
  }
  return { records, digest: `sha256:${hash.digest('hex')}` };
}

/** A table from a log that does not verify says so in a separate column of each line. */
async function* marked(chunks: AsyncIterable<Uint8Array>, warning: string | null): AsyncGenerator<Uint8Array> {
  let header = true;
  for await (const chunk of chunks) {
    if (warning === null) {
      yield chunk;
      continue;
    }
    const cell = header ? 'log_warning' : csvCell(warning);
    header = false;
    yield Buffer.from(Buffer.from(chunk).toString('utf8').replaceAll('\r\n', `,${cell}\r\n`), 'utf8');
  }
}

async function* lines(
  deps: ExportDeps,
  tenant: string,
  selection: Selection,
  format: ExportFormat,
): AsyncGenerator<Uint8Array> {
  const ledger = new MoneyLedger((hash) => deps.store.bundles.get(tenant, hash));
  if (format === 'csv') yield Buffer.from(csvHeader());
  for await (const page of deps.store.records.scan(tenant, selection)) {
    const texts: string[] = [];
    for (const { index, envelope, last } of page) {
      const { line, ...one } = exportLine({ index, envelope });
      if (format === 'csv') {
        // A filter may leave out what came before it.
        if (one.record.seq > 0 && !ledger.knows(one.record.action)) await catchUp(deps, tenant, ledger, one);
        texts.push(csvRow(one, await ledger.after(one.record)));
        if (last) ledger.forget(one.record.action);
      } else texts.push(`${format === 'ocsf' ? ocsfLine(one) : line}\n`);
    }
    yield Buffer.from(texts.join(''), 'utf8');
  }
}

/** Records of one action, read in one query; no action has more. */
const RECORDS_MAX = 1000;

/** Reads the records of an action that came before this one. */
async function catchUp(
  deps: ExportDeps,
  tenant: string,
  ledger: MoneyLedger,
  { index, record }: ExportRecord,
): Promise<void> {
  const { records } = await deps.store.records.list(tenant, { action: record.action }, undefined, RECORDS_MAX);
  for (const earlier of records.reverse()) {
    if (earlier.index < index) await ledger.after(earlier.record);
  }
}

async function archiveOf(
  deps: ExportDeps,
  tenant: string,
  made: Pick<ArchiveInput, 'selection'> & {
    sealed: ChainRecord;
    history: Uint8Array;
    body: ExportBody;
    by: string;
    at: string;
  },
): Promise<Readable> {
  // This is read after the export was sealed, so it covers the export too.
  const checkpoint = await deps.logReader.checkpoint(tenant);
  const { origin, size } = parseCheckpoint(parseNote(checkpoint).text);
  const { selection, sealed, history, body, by, at } = made;
  const files = archiveFiles(deps, {
    tenant,
    selection,
    exportRecord: sealed,
    keyHistory: history,
    head: { body, by, at, record: sealed.hash },
    log: { origin, size, checkpoint },
  });
  // A failure ends the stream, and its reader gets the error.
  return pipeline(Readable.from(tarball(files, new Date(at))), createGzip(), () => undefined);
}
