/** `records.jsonl` and the receipts: each record by itself, then all of them together. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes, fromBase64, fromHex, fromUtf8, isCanonicalError, readSealed } from '../../canonical/index.ts';
import { isCountersignError, type Receipt } from '../../contract/index.ts';
import { ChainAudit, checkAttested, PasskeyAudit, type Defect } from '../../evidence/index.ts';
import { policyPath, ARCHIVE_FILES, exportLine, receiptPath, type ExportRecord } from '../../export/index.ts';
import { policyBundlesOf, receiptBytes } from '../make/files.ts';
import { Documents, type DocumentPlace } from '../documents.ts';
import { nodeVerify } from '../../keys/ed25519.ts';
import { isEvidenceError } from '../../ledger/index.ts';
import { listsNamed, makeReceipt, parseReceipt, verifyReceipt, type Trust } from '../../sealing/index.ts';
import type { ArchiveFolder } from './folder.ts';

/** The longest line we write: an envelope is at most 64 KiB, and appears in it twice. */
const LINE_MAX = 512 * 1024;

export interface ReadRecords {
  records: number;
  actions: number;
  /** As in the export's record. */
  digest: string;
  /** Policy bundles that the records name. */
  bundles: Set<string>;
  /** Lists of people that they name by a hash. */
  people: Set<string>;
  /** Records of people's statements whose attestation key no key history introduces. */
  attestationsUnknown: number;
  /** Decisions with a passkey whose enrolment is not among the records. */
  passkeysUnknown: number;
  documents: Documents;
  /** True if every line was exported, so that everything derived from them can be reproduced. */
  whole: boolean;
  close(): Promise<void>;
}

export interface RecordsInput {
  trust: Trust;
  /** The one checkpoint of the archive, and the log's name. */
  log: { origin: string; checkpoint: string } | null;
  /** The rendering of the version that wrote the archive. */
  rendering: number | undefined;
  /** Entries that the export looked at; null where that is not known. */
  size: number | null;
}

/** Null when there is no `records.jsonl`. */
export async function readRecords(folder: ArchiveFolder, input: RecordsInput): Promise<ReadRecords | null> {
  if (!folder.expect(ARCHIVE_FILES.records)) return null;
  const file = await open(join(folder.path, ARCHIVE_FILES.records), 'r');
  const documents = await Documents.open((place) => bytesAt(file, place), {
    rendering: input.rendering,
    bundle: (hash) => folder.peek(policyPath(hash)),
  });
  const close = async (): Promise<void> => {
    await Promise.all([documents.close(), file.close()]);
  };
  try {
    const reading = await new Reading(folder, input, documents).run(file);
    return { ...reading, documents, close };
  } catch (error) {
    await close();
    throw error;
  }
}

class Reading {
  readonly #folder: ArchiveFolder;
  readonly #input: RecordsInput;
  readonly #documents: Documents;
  readonly #chains = new ChainAudit({ whole: false });
  readonly #passkeys = new PasskeyAudit(nodeVerify);
  #passkeysUnknown = 0;
  #attestationsUnknown = 0;
  readonly #hash = createHash('sha256');
  readonly #bundles = new Set<string>();
  readonly #people = new Set<string>();
  /** Actions seen, and whether their last record was. */
  readonly #actions = new Map<string, boolean>();
  #records = 0;
  #index = -1;
  #whole = true;

  constructor(folder: ArchiveFolder, input: RecordsInput, documents: Documents) {
    this.#folder = folder;
    this.#input = input;
    this.#documents = documents;
  }

  async run(file: FileHandle): Promise<Omit<ReadRecords, 'documents' | 'close'>> {
    let number = 0;
    for await (const { text, place } of linesOf(file)) {
      number += 1;
      await this.#line(number, text, place);
    }
    for (const [action, closed] of this.#actions) {
      if (!closed) this.#wrong('record-missing', `records of ${action} are missing: its last one is not here`);
    }
    return {
      records: this.#records,
      actions: this.#actions.size,
      digest: `sha256:${this.#hash.digest('hex')}`,
      bundles: this.#bundles,
      people: this.#people,
      passkeysUnknown: this.#passkeysUnknown,
      attestationsUnknown: this.#attestationsUnknown,
      whole: this.#whole,
    };
  }

  #wrong(reason: string, detail: string): void {
    this.#whole = false;
    this.#folder.report(ARCHIVE_FILES.records, reason, detail);
  }

  async #line(number: number, text: string | null, place: DocumentPlace): Promise<void> {
    const read = text === null ? null : parseLine(text);
    if (read === null) {
      this.#wrong(
        'record-altered',
        `line ${number} was altered: it is not a record and its envelope as they were exported`,
      );
      return;
    }
    const { one, last, entry } = read;
    const { record, hash, index } = one;
    const where = `line ${number}, entry ${index} of ${record.action},`;
    if (index <= this.#index) this.#wrong('records-differ', `${where} stands behind entry ${this.#index}`);
    const { size } = this.#input;
    if (size !== null && index >= size) this.#wrong('records-differ', `${where} came after the export`);
    this.#index = Math.max(index, this.#index);
    this.#records += 1;
    this.#hash.update(fromHex(hash.slice('sha256:'.length)));
    await this.#chain(one, last, where);
    for (const bundle of policyBundlesOf(record)) this.#bundles.add(bundle);
    for (const entry of listsNamed(record)) this.#people.add(entry);
    await this.#receipt(one, entry);
    try {
      await this.#documents.add(one, place, { last });
    } catch {
      // A record that no version of ours wrote. The check of its receipt reports it.
      this.#whole = false;
    }
  }

  async #chain({ record, hash, index }: ExportRecord, last: boolean, where: string): Promise<void> {
    const { action, seq } = record;
    const before = this.#actions.get(action);
    if (before === undefined && seq !== 0)
      this.#wrong('record-missing', `${where} is not its first, and that one is missing`);
    if (before === true) this.#wrong('records-differ', `${where} comes after the last one of its action`);
    this.#actions.set(action, last);
    const passkey = await this.#passkeys.add(record, hash);
    const wrong = passkey.filter(({ code }) => code !== 'passkey-unknown');
    this.#passkeysUnknown += passkey.length - wrong.length;
    const attested = await checkAttested(record, index, this.#input.trust, nodeVerify);
    const unattested = attested === 'unchecked' ? this.#unchecked() : [attested];
    const chained = this.#chains.add(record, hash, wrong.length === 0);
    for (const { code, message } of [...wrong, ...unattested, ...chained].filter((defect) => defect !== null)) {
      this.#folder.report(ARCHIVE_FILES.records, code, `${where} ${message}`);
    }
  }

  /** The archive's key history covers every entry of it: a key that it does not introduce does not belong to the log. */
  #unchecked(): Defect[] {
    if (this.#input.trust.attestedFrom !== undefined) {
      return [{ code: 'attestation-wrong', message: 'an attestation key signed it that the log never introduced' }];
    }
    this.#attestationsUnknown += 1;
    return [];
  }

  async #receipt({ index, hash }: ExportRecord, entry: Uint8Array): Promise<void> {
    const name = receiptPath(hash);
    const bytes = await this.#folder.read(name, `it is the receipt of entry ${index}`);
    if (bytes === null) return;
    const { trust, log } = this.#input;
    try {
      const receipt = parseReceipt(readSealed(fromUtf8(bytes)));
      const verified = await verifyReceipt(receipt, trust, { verify: nodeVerify });
      if (verified.recordHash !== hash || verified.index !== index) {
        this.#folder.report(name, 'file-altered', `it is the receipt of another record than entry ${index}`);
        return;
      }
      if (log === null) return;
      const proof = receipt.log.inclusion.map(fromBase64);
      const again = makeReceipt(JSON.parse(Buffer.from(entry).toString('utf8')) as Receipt['envelope'], {
        ...log,
        index,
        proof,
      });
      if (!Buffer.from(receiptBytes(again)).equals(bytes)) {
        this.#folder.report(name, 'file-altered', 'it was altered: it holds, but is not what was exported');
      }
    } catch (error) {
      if (isEvidenceError(error)) this.#folder.report(name, error.reason, error.message);
      else if (isCanonicalError(error))
        this.#folder.report(name, 'receipt-malformed', `it is not I-JSON: ${error.message}`);
      else throw error;
    }
  }
}

/** A line in its canonical spelling, or null. */
function parseLine(text: string): { one: ExportRecord; last: boolean; entry: Uint8Array } | null {
  try {
    const { index, last, envelope } = JSON.parse(text) as { index: number; last: boolean; envelope: unknown };
    if (!Number.isSafeInteger(index) || index < 0 || typeof last !== 'boolean') return null;
    const entry = canonicalBytes(envelope);
    const { line, ...one } = exportLine({ index, last, envelope: entry });
    return line === text ? { one, last, entry } : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || isCountersignError(error)) return null;
    if (error instanceof Error && error.name === 'CanonicalError') return null;
    throw error;
  }
}

async function bytesAt(file: FileHandle, { offset, length }: DocumentPlace): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}

/** Lines with their positions; the text of an overlong line is null. */
async function* linesOf(file: FileHandle): AsyncGenerator<{ text: string | null; place: DocumentPlace }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let long = false;
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, at);
    at += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield { text: long ? null : rest.toString('utf8', 0, end), place: { offset, length: end } };
      long = false;
      rest = rest.subarray(end + 1);
      offset += end + 1;
    }
    if (rest.length > LINE_MAX) {
      long = true;
      offset += rest.length;
      rest = Buffer.alloc(0);
    }
    if (bytesRead === 0) break;
  }
  // A last line without a newline was cut off.
  if (rest.length > 0 || long) yield { text: null, place: { offset, length: rest.length } };
}
