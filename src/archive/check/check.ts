/** Verifies an evidence archive: everything in it follows from what is signed, and nothing was altered, removed or added. */
import { z } from 'zod';
import {
  canonicalBytes,
  equalBytes,
  fromUtf8,
  hashOfBytes,
  isCanonicalError,
  readSealed,
} from '../../canonical/index.ts';
import { auditLog, describeFinding } from '../../evidence/index.ts';
import {
  ARCHIVE_FILES,
  archiveReadme,
  exportBodyOf,
  isWholeLog,
  peoplePath,
  policyPath,
  RENDERINGS,
  type ExportBody,
  type ReportHead,
} from '../../export/index.ts';
import { receiptBytes, treeFiles } from '../make/files.ts';
import { keyFiles } from '../key-files.ts';
import type { KeyHistory } from '../../sealing/key-views.ts';
import { nodeVerify } from '../../keys/ed25519.ts';
import { isEvidenceError } from '../../ledger/index.ts';
import {
  followKeys,
  parseReceipt,
  peopleEntry,
  verifyReceipt,
  type Trust,
  type VerifiedReceipt,
} from '../../sealing/index.ts';
import { filesOfFolder } from './log-files.ts';
import { ArchiveFolder } from './folder.ts';
import { readRecords, type ReadRecords } from './records.ts';
import type { UnpackProblem } from './unpack.ts';

export interface ArchiveReport {
  valid: boolean;
  /** How many problems there are, and the first two hundred. */
  found: number;
  problems: UnpackProblem[];
  records: number;
  actions: number;
  /** What the export's own record says; null when it does not hold. */
  export: { record: string; index: number; by: string | null; at: string; body: ExportBody } | null;
  /** The log whose checkpoint covers everything; null when no checkpoint verifies. */
  log: { origin: string; size: number; root: string } | null;
  notProven: string[];
}

interface ExportReceipt {
  verified: VerifiedReceipt;
  checkpoint: string;
  body: ExportBody;
}

/** @param problems what was wrong with the packed archive */
export async function checkArchive(
  path: string,
  given: Trust,
  problems: readonly UnpackProblem[] = [],
): Promise<ArchiveReport> {
  const folder = await ArchiveFolder.open(path, problems);
  const history = await folder.read(ARCHIVE_FILES.keyHistory);
  const trust = await follow(folder, given, history);
  const exportReceipt = await ownReceipt(folder, trust);
  if (exportReceipt !== null) {
    const why = 'it is not the checkpoint of the export’s own receipt';
    await folder.mustBe(ARCHIVE_FILES.checkpoint, Buffer.from(exportReceipt.checkpoint, 'utf8'), why);
  } else folder.expect(ARCHIVE_FILES.checkpoint);
  const log =
    exportReceipt === null ? null : { origin: exportReceipt.verified.origin, checkpoint: exportReceipt.checkpoint };
  const read = await readRecords(folder, {
    trust,
    log,
    rendering: exportReceipt?.body.rendering,
    size: exportReceipt?.body.log.size ?? null,
  });
  const notProven: string[] = [];
  try {
    if (exportReceipt !== null) {
      await checkKeys(folder, exportReceipt.body, history);
      if (read !== null) await checkMade(folder, exportReceipt, read, notProven);
      if (isWholeLog(exportReceipt.body)) await checkLog(folder, exportReceipt, trust, history);
      else notProven.push('that no other action fits the filter: that is the operator’s word, sealed with its count');
    }
    if (read !== null && read.passkeysUnknown > 0) {
      const detail = `whose passkeys decided (decisions: ${read.passkeysUnknown}): their enrolments are not in this archive; verify one of the whole log`;
      notProven.push(detail);
    }
    if (read !== null && read.attestationsUnknown > 0) {
      const what = `that the gateway attested who said what ${read.attestationsUnknown} of the records hold`;
      notProven.push(`${what}: no key history that holds introduces its attestation keys`);
    }
    for (const hash of read?.bundles ?? []) await checkPolicy(folder, hash);
    for (const entry of read?.people ?? []) await checkPeople(folder, entry);
  } finally {
    await read?.close();
  }
  if (exportReceipt === null)
    for (const name of Object.values(ARCHIVE_FILES))
      if (name !== ARCHIVE_FILES.logKeyHistory) await quietly(folder, name);
  await folder.finish();
  return {
    valid: folder.found === 0,
    found: folder.found,
    problems: folder.problems,
    records: read?.records ?? 0,
    actions: read?.actions ?? 0,
    export:
      exportReceipt === null
        ? null
        : {
            record: exportReceipt.verified.recordHash,
            index: exportReceipt.verified.index,
            by: 'by' in exportReceipt.verified.record ? exportReceipt.verified.record.by : null,
            at: exportReceipt.verified.record.at,
            body: exportReceipt.body,
          },
    log:
      exportReceipt === null
        ? null
        : {
            origin: exportReceipt.verified.origin,
            size: exportReceipt.verified.size,
            root: exportReceipt.verified.root,
          },
    notProven,
  };
}

/** Without a valid export record these files cannot be compared, but they still belong to the archive. */
const quietly = async (folder: ArchiveFolder, name: string): Promise<void> => {
  if (!folder.isWrong(name)) await folder.read(name);
};

async function follow(folder: ArchiveFolder, given: Trust, history: Uint8Array | null): Promise<Trust> {
  if (history === null) return given;
  try {
    return (await followKeys(given, readSealed(fromUtf8(history)), { verify: nodeVerify })).trust;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    folder.report(ARCHIVE_FILES.keyHistory, isEvidenceError(error) ? error.reason : 'key-history-malformed', detail);
    return given;
  }
}

/** The receipt of the record that says what was exported: everything else is compared with it. */
async function ownReceipt(folder: ArchiveFolder, trust: Trust): Promise<ExportReceipt | null> {
  const name = ARCHIVE_FILES.receipt;
  const bytes = await folder.read(name);
  if (bytes === null) return null;
  try {
    const held = readSealed(fromUtf8(bytes));
    const receipt = parseReceipt(held);
    const verified = await verifyReceipt(receipt, trust, { verify: nodeVerify });
    const body = exportBodyOf(verified.record);
    if (body?.format !== 'bundle' || body.log.origin !== verified.origin || verified.index < body.log.size) {
      folder.report(name, 'export-differs', 'it is the receipt of a record that exported no such archive');
      return null;
    }
    if (!Buffer.from(receiptBytes(held)).equals(bytes)) {
      folder.report(name, 'file-altered', 'it was altered: it holds, but is not what was exported');
    }
    return { verified, checkpoint: receipt.log.checkpoint, body };
  } catch (error) {
    if (isEvidenceError(error)) folder.report(name, error.reason, error.message);
    else if (isCanonicalError(error)) folder.report(name, 'receipt-malformed', `it is not I-JSON: ${error.message}`);
    else throw error;
    return null;
  }
}

async function checkKeys(folder: ArchiveFolder, body: ExportBody, history: Uint8Array | null): Promise<void> {
  if (history === null) return;
  if (hashOfBytes(history) !== body.keys) {
    folder.report(
      ARCHIVE_FILES.keyHistory,
      'file-altered',
      'it was altered: the export’s record has another hash of it',
    );
    for (const name of [ARCHIVE_FILES.recordKeys, ARCHIVE_FILES.logKey]) folder.expect(name);
    return;
  }
  const { recordKeys, logKey } = keyFiles(JSON.parse(fromUtf8(history)) as KeyHistory);
  const why = `it is not what ${ARCHIVE_FILES.keyHistory} says`;
  await folder.mustBe(ARCHIVE_FILES.recordKeys, recordKeys, why);
  await folder.mustBe(ARCHIVE_FILES.logKey, logKey, why);
}

/** What follows from the records: their number and digest, the table, the report and the README. */
async function checkMade(
  folder: ArchiveFolder,
  exportReceipt: ExportReceipt,
  read: ReadRecords,
  notProven: string[],
): Promise<void> {
  const { body, verified } = exportReceipt;
  const { at, by } = verified.record as { at: string; by: string | null };
  const head: ReportHead = { body, at, by: by ?? '', record: verified.recordHash };
  const same = read.records === body.records && read.digest === body.digest;
  if (read.records !== body.records) {
    const how = read.records < body.records ? 'removed' : 'added';
    const detail = `records were ${how}: ${body.records} were exported, and ${read.records} are here`;
    folder.report(ARCHIVE_FILES.records, 'records-differ', detail);
  } else if (!same) {
    folder.report(
      ARCHIVE_FILES.records,
      'records-differ',
      'they are not the records that were exported: the digest differs',
    );
  }
  const made = [ARCHIVE_FILES.readme, ARCHIVE_FILES.csv, ARCHIVE_FILES.report];
  if (body.rendering === undefined || !RENDERINGS.includes(body.rendering)) {
    notProven.push(`${made.join(', ')}: another version of Countersign wrote them; verify with that version`);
    for (const name of made) folder.expect(name);
    return;
  }
  await folder.mustBe(
    ARCHIVE_FILES.readme,
    Buffer.from(archiveReadme(head), 'utf8'),
    'it is not the one of this export',
  );
  if (!read.whole || !same) {
    notProven.push(
      `${ARCHIVE_FILES.csv} and ${ARCHIVE_FILES.report}: they cannot be made again from records that do not hold`,
    );
    for (const name of [ARCHIVE_FILES.csv, ARCHIVE_FILES.report]) folder.expect(name);
    return;
  }
  const { csv, report } = read.documents.finish(head);
  await folder.mustBeMade(ARCHIVE_FILES.csv, csv, 'it does not follow from the records');
  await folder.mustBeMade(ARCHIVE_FILES.report, report, 'it does not follow from the records');
}

/** The log itself, from its first entry to its last. */
async function checkLog(
  folder: ArchiveFolder,
  exportReceipt: ExportReceipt,
  trust: Trust,
  history: Uint8Array | null,
): Promise<void> {
  if (history !== null)
    await folder.mustBe(ARCHIVE_FILES.logKeyHistory, history, `it is not ${ARCHIVE_FILES.keyHistory}`);
  else folder.expect(ARCHIVE_FILES.logKeyHistory);
  for (const path of treeFiles(exportReceipt.verified.size)) folder.expect(`log/${path}`, 'the whole log was exported');
  const { records, log } = exportReceipt.body;
  if (records !== log.size) {
    const detail = `it says that the whole log of ${log.size} entries was exported, and that there were ${records} records`;
    folder.report(ARCHIVE_FILES.receipt, 'records-differ', detail);
  }
  const report = await auditLog({ files: filesOfFolder(folder.path), trust, verify: nodeVerify });
  for (const finding of report.findings) {
    const file = finding.file === null ? 'log' : `log/${finding.file}`;
    if (!folder.isWrong(file)) folder.report(file, finding.code, describeFinding(finding));
  }
}

async function checkPolicy(folder: ArchiveFolder, hash: string): Promise<void> {
  const name = policyPath(hash);
  const bytes = await folder.read(name, 'a record was judged by it');
  if (bytes === null || hashOfBytes(bytes) === hash) return;
  folder.report(name, 'file-altered', 'it was altered: its SHA-256 is not its name');
}

async function checkPeople(folder: ArchiveFolder, entry: string): Promise<void> {
  const name = peoplePath(entry);
  const bytes = await folder.read(name, 'a record names these people by their hash');
  if (bytes === null || isList(bytes, entry)) return;
  folder.report(name, 'file-altered', 'it was altered: it is not the list that the record names');
}

/** Whether these bytes are the list that an entry names, in its canonical spelling. */
function isList(bytes: Uint8Array, entry: string): boolean {
  try {
    const people = z.array(z.string()).parse(readSealed(fromUtf8(bytes)));
    return peopleEntry(people) === entry && equalBytes(bytes, canonicalBytes(people));
  } catch (error) {
    if (isCanonicalError(error) || error instanceof z.ZodError) return false;
    throw error;
  }
}
