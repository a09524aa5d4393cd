/** Audits a whole log from outside. It trusts nothing but the keys that were obtained separately. */
import { equalBytes, fromUtf8, readSealed, toHex } from '../canonical/index.ts';
import type { RecordType } from '../contract/index.ts';
import {
  isEvidenceError,
  parseCheckpoint,
  parseNote,
  reading,
  type Checkpoint,
  type EvidenceError,
} from '../ledger/index.ts';
import { followKeys, nobleVerify, openTrusted, type Trust, type VerifySignature } from '../sealing/index.ts';
import { AttestedAudit } from './attested.ts';
import { ChainAudit } from './chain.ts';
import type { Difference } from './differences.ts';
import { entryReader, type EntryReader } from './entry.ts';
import type { LogFiles } from './files.ts';
import type { Finding, FindingCode } from './finding.ts';
import { KeyChain } from './key-chain.ts';
import { PasskeyAudit } from './passkeys.ts';
import { TreeAudit, type EarlierSize } from './tree.ts';

/** After this many missing blocks in a row, the rest is not searched, whatever size the checkpoint claims. */
const ABSENT_MAX = 4;
/** How many findings of one code a report lists, so that one cause does not hide another. All are counted and passed to the callback. */
const LISTED_MAX = 200;

/** A checkpoint that was seen before, and where. */
export interface EarlierCheckpoint {
  /** The signed note. */
  note: string;
  /** Where it was kept, in words. */
  from: string;
}

export interface AuditOptions {
  files: LogFiles;
  trust: Trust;
  /** Must be beginnings of the log that is served now. */
  earlier?: readonly EarlierCheckpoint[];
  /** The tenant of all records; the first record's tenant by default. */
  tenant?: string;
  verify?: VerifySignature;
  /** Replaces {@link entryReader} over the trusted keys, for callers that remember what was verified before. */
  readEntry?: EntryReader;
  /** Called with each finding immediately. */
  onFinding?: (finding: Finding) => void;
}

export interface AuditReport {
  /** True when nothing is wrong. */
  clean: boolean;
  /** The contents of the checkpoint; null when it cannot be read. */
  origin: string | null;
  size: number;
  /** Hexadecimal. */
  root: string | null;
  /** The signed note that was audited. */
  checkpoint: string;
  /** Known witnesses that cosigned it, and when, in seconds since the epoch. */
  witnesses: { name: string; time: number }[];
  /** True when the checkpoint is signed, every entry and tile leads to its root, and it continues all earlier ones. */
  holds: boolean;
  /** Earlier checkpoints that this one continues. */
  continues: { from: string; size: number; witnesses: { name: string; time: number }[] }[];
  records: number;
  actions: number;
  types: Partial<Record<RecordType, number>>;
  /** How many there are. */
  found: number;
  /** The first two hundred of each code. */
  findings: Finding[];
  /** The keys given, and those that they introduced and revoked as the served history proves: for the next audit. */
  trust: Trust;
}

/**
 * Reads a log from its first entry to its last and checks everything that can be checked without its operator: the signature of the
 * checkpoint, every tile and entry against its root, that it continues earlier checkpoints, the signature of every record, and the
 * chain of every action. From the given keys it follows the log's key records to the current ones.
 *
 * Memory grows with the number of actions (a few hundred bytes each), not with the log. Malformed input leads to findings, never to an
 * exception. Only `files` may throw, when it cannot read.
 *
 * @throws EvidenceError `note-key-malformed`, `record-key-malformed` for malformed keys
 */
export async function auditLog(options: AuditOptions): Promise<AuditReport> {
  return new Audit(options).run();
}

class Audit {
  readonly #options: AuditOptions;
  readonly #verify: VerifySignature;
  /** The keys given, and all that the key history proved. */
  #trust: Trust;
  #keys: KeyChain;
  #readEntry: EntryReader;
  readonly #passkeys: PasskeyAudit;
  readonly #attested: AttestedAudit;
  readonly #chains = new ChainAudit({ whole: true });
  readonly #findings: Finding[] = [];
  readonly #listed = new Map<FindingCode, number>();
  readonly #continues: AuditReport['continues'] = [];
  readonly #types: AuditReport['types'] = {};
  #count = 0;
  #records = 0;
  #tenant: string | null;
  /** Cleared when the log differs from the signed one, or does not continue the earlier one. */
  #holds = true;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#verify = options.verify ?? nobleVerify;
    this.#passkeys = new PasskeyAudit(this.#verify);
    this.#attested = new AttestedAudit(this.#verify);
    this.#tenant = options.tenant ?? null;
    this.#trust = options.trust;
    this.#keys = new KeyChain(options.trust, new Set());
    this.#readEntry = options.readEntry ?? entryReader(this.#keys.keys, this.#verify);
  }

  async run(): Promise<AuditReport> {
    await this.#followKeys();
    const bytes = await this.#options.files('checkpoint');
    const note = bytes === null ? '' : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const { checkpoint, witnesses } = await this.#open(note, bytes === null);
    if (checkpoint !== null) await this.#walk(checkpoint);
    return {
      clean: this.#count === 0,
      origin: checkpoint?.origin ?? null,
      size: checkpoint?.size ?? 0,
      root: checkpoint === null ? null : toHex(checkpoint.root),
      checkpoint: note,
      witnesses,
      holds: this.#holds && checkpoint !== null,
      continues: this.#continues,
      records: this.#records,
      actions: this.#chains.actions,
      types: this.#types,
      found: this.#count,
      findings: this.#findings,
      trust: this.#trust,
    };
  }

  /** Follows the history from the given keys to those that sign today. It trusts only what they prove. */
  async #followKeys(): Promise<void> {
    const bytes = await this.#options.files('keys.json');
    if (bytes === null) return;
    try {
      const history = reading('key-history-malformed', 'the key history', () => readSealed(fromUtf8(bytes)));
      const { trust, steps } = await followKeys(this.#trust, history, { verify: this.#verify });
      this.#trust = trust;
      this.#keys = new KeyChain(trust, new Set(steps.map(({ recordHash }) => recordHash)));
      this.#readEntry = this.#options.readEntry ?? entryReader(this.#keys.keys, this.#verify);
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      const { message, reason } = error;
      this.#report({ code: 'key-history-wrong', message, reason, index: null, action: null, file: 'keys.json' });
    }
  }

  async #open(
    note: string,
    missing: boolean,
  ): Promise<{ checkpoint: Checkpoint | null; witnesses: AuditReport['witnesses'] }> {
    try {
      const checkpoint = await this.#checkpoint(note);
      const witnesses = witnessesOf(checkpoint);
      return { checkpoint, witnesses };
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      const message = missing ? 'there is no checkpoint' : error.message;
      this.#holds = false;
      this.#report({ ...AT_CHECKPOINT, code: 'checkpoint-invalid', message, reason: error.reason });
      return { checkpoint: unsigned(note), witnesses: [] };
    }
  }

  #checkpoint(note: string) {
    return openTrusted(note, this.#trust, this.#verify);
  }

  async #walk(log: Checkpoint): Promise<void> {
    const { files } = this.#options;
    const { size, root, origin } = log;
    const marks = await this.#earlier(origin, size);
    const tree = new TreeAudit({ files, size, root }, marks, (finding) => this.#report(finding));
    let absent = 0;
    for (let number = 0; number < tree.blocks; number++) {
      const block = await tree.block(number);
      if (!block.complete) this.#chains.lost();
      for (const { difference, file, bytes } of block.differences) await this.#differs(difference, file, bytes);
      for (const { index, bytes } of block.genuine) await this.#entry(index, bytes);
      absent = block.absent ? absent + 1 : 0;
      if (absent < ABSENT_MAX || number + 1 === tree.blocks) continue;
      const message = `nothing is there from entry ${(number + 1 - absent) * 256} on, though the checkpoint signs ${size}`;
      this.#report({ ...AT_CHECKPOINT, code: 'log-cut-short', message });
      this.#holds = false;
      return;
    }
    if (!(await tree.finish())) this.#holds = false;
  }

  /** Earlier checkpoints, as positions that the log must pass with the right root. */
  async #earlier(origin: string, size: number): Promise<EarlierSize[]> {
    const marks: EarlierSize[] = [];
    for (const { note, from } of this.#options.earlier ?? []) {
      let before: Awaited<ReturnType<typeof openTrusted>>;
      try {
        before = await this.#checkpoint(note);
      } catch (error) {
        if (!isEvidenceError(error)) throw error;
        const message = `the checkpoint in ${from} does not hold: ${error.message}`;
        this.#report({ ...AT_CHECKPOINT, code: 'earlier-invalid', message, reason: error.reason });
        continue;
      }
      const wrong = (code: FindingCode, message: string): void => {
        this.#holds = false;
        this.#report({ ...AT_CHECKPOINT, code, message });
      };
      if (before.origin !== origin) {
        wrong('earlier-invalid', `the checkpoint in ${from} is of another log, ${before.origin}`);
      } else if (before.size > size) {
        wrong(
          'log-shrank',
          `the log has ${size} entries, and had ${before.size} when it signed the checkpoint in ${from}`,
        );
      } else {
        marks.push({
          size: before.size,
          onRoot: (root) => {
            if (equalBytes(root, before.root)) {
              this.#continues.push({ from, size: before.size, witnesses: witnessesOf(before) });
            } else
              wrong(
                'history-rewritten',
                `the first ${before.size} entries are not those that the log signed in ${from}: its history was rewritten; keep both checkpoints`,
              );
          },
        });
      }
    }
    return marks;
  }

  /** Describes an entry that is not what was sealed, as far as it can be read. */
  async #differs(difference: Difference, file: string, bytes: Uint8Array | null): Promise<void> {
    const read = bytes === null ? null : await this.#tryEntry(bytes);
    const at = { action: read !== null && 'record' in read ? read.record.action : null, file };
    const why = read !== null && 'error' in read ? `; as it stands, ${read.error.message}` : '';
    const reason = read !== null && 'error' in read ? { reason: read.error.reason } : {};
    switch (difference.kind) {
      case 'altered': {
        const { index } = difference;
        this.#report({
          ...at,
          ...reason,
          index,
          code: 'entry-altered',
          message: `it is not the entry that was sealed${why}`,
        });
        return;
      }
      case 'missing': {
        const { index, to } = difference;
        const message = index === to ? 'it was sealed, and is missing' : 'they were sealed, and are missing';
        this.#report({ ...at, index, to, code: 'entry-missing', message });
        return;
      }
      case 'extra': {
        const message = `what stands at its place was never sealed there${why}`;
        this.#report({ ...at, ...reason, index: difference.at, code: 'entry-extra', message });
        return;
      }
      case 'moved': {
        const { index, from } = difference;
        this.#report({ ...at, index, code: 'entry-moved', message: `entry ${from} stands in its place` });
      }
    }
  }

  async #entry(index: number, bytes: Uint8Array): Promise<void> {
    const read = await this.#tryEntry(bytes);
    this.#records += 1;
    if ('error' in read) {
      const { message, reason } = read.error;
      this.#report({ code: 'entry-invalid', message, reason, index, action: null, file: null });
      return;
    }
    const { record, hash } = read;
    const at = { index, action: record.action, file: null };
    this.#types[record.type] = (this.#types[record.type] ?? 0) + 1;
    this.#tenant ??= record.tenant;
    if (record.tenant !== this.#tenant) {
      const message = `it is of tenant ${record.tenant}, in the log of ${this.#tenant}`;
      this.#report({ ...at, code: 'tenant-differs', message });
    }
    const passkey = await this.#passkeys.add(record, hash);
    const chain = this.#chains.add(record, hash, passkey.length === 0);
    const attested = await this.#attested.add(record);
    const defects = [...this.#keys.add(read, index), ...passkey, ...attested, ...chain];
    for (const defect of defects) this.#report({ ...at, ...defect });
  }

  async #tryEntry(bytes: Uint8Array): Promise<Awaited<ReturnType<EntryReader>> | { error: EvidenceError }> {
    try {
      return await this.#readEntry(bytes);
    } catch (error) {
      if (isEvidenceError(error)) return { error };
      throw error;
    }
  }

  #report(finding: Finding): void {
    this.#count += 1;
    const listed = this.#listed.get(finding.code) ?? 0;
    this.#listed.set(finding.code, listed + 1);
    if (listed < LISTED_MAX) this.#findings.push(finding);
    this.#options.onFinding?.(finding);
  }
}

const AT_CHECKPOINT = { index: null, action: null, file: 'checkpoint' } as const;

const witnessesOf = ({ cosignatures }: Awaited<ReturnType<typeof openTrusted>>): AuditReport['witnesses'] =>
  cosignatures.map(({ key, time }) => ({ name: key.name, time: time ?? 0 }));

/** Reads an unsigned checkpoint, to check at least whether the rest is consistent with it. */
function unsigned(note: string): Checkpoint | null {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch {
    return null;
  }
}

/** A finding in one line. */
export function describeFinding({ code, message, index, to, action, file }: Finding): string {
  const place = [
    ...(index === null ? [] : [to === undefined || index === to ? `entry ${index}` : `entries ${index} to ${to}`]),
    ...(action === null ? [] : [action]),
    ...(index === null && file !== null ? [file] : []),
  ].join(', ');
  return `${place === '' ? '' : `${place}: `}${message} (${code})`;
}
