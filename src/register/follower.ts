/** Reads one tenant's log from the beginning. The database is not trusted: only signed entries say what is in force. */
import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8 } from '../canonical/index.ts';
import { CountersignError, type Envelope, type RecordPayload } from '../contract/index.ts';
import { nodeVerify, nodeVerifyEd25519, type TenantKeys } from '../keys/index.ts';
import { extendFrontier, frontierRoot, isEvidenceError, openCheckpoint } from '../ledger/index.ts';
import { openEnvelope, parseEnvelope, decodeRecord, recordHash } from '../sealing/index.ts';
import type { Freeze, LogHead, Look, Store } from '../store/index.ts';
import { after, concerns, type InForce } from './in-force.ts';
import { NOTHING_READ, type RegisterMark, type MarkFiles } from './mark.ts';

/** Entries read in one query, 64 KiB each at most. */
const PAGE = 256;
/** How many entries a mark may lag behind. A start reads them again. */
const MARK_EVERY = 1024;

/** Actions whose redemption or end is remembered: more than are collected in the time for it, on a busy day. */
const SPENT_MAX = 50_000;

/** What is in force by the records, and what is stopped by rows alone. */
export interface Looked extends InForce {
  freezeRows: readonly Freeze[];
  /** Actions that were redeemed or ended lately. Their entries may be hidden from a search; they were read all the same. */
  spent: ReadonlySet<string>;
}

export interface FollowerOptions {
  tenant: string;
  store: Pick<Store, 'looks'>;
  /** Call it only when the log has an entry: asking for keys creates them. */
  keys(): Pick<TenantKeys, 'logKeys' | 'history'>;
  marks: MarkFiles;
  /** Called when a mark could not be written. */
  onUnmarked(error: unknown): void;
}

/**
 * Follows a log. Every entry is hashed into the tree whose root the log's key signed, so nobody with write access to the database can
 * change, drop or insert one. Entries that grant or stop something are also checked against the record keys, then folded.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  #read: RegisterMark;
  #marked: number;
  /** Grows while a log is read, before its root is checked: what is in it too early only refuses. */
  readonly #spent: Set<string>;
  /** What rows said was stopped when the log was last read. */
  #freezeRows: readonly Freeze[] = [];
  /** When the last successful read began. */
  #lookedAt = -Infinity;
  /** When the one that runs now, or ran last, began. */
  #beganAt = -Infinity;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#read = options.marks.read(options.tenant) ?? NOTHING_READ;
    this.#marked = this.#read.frontier.size;
    this.#spent = new Set(this.#read.spent);
  }

  /**
   * What is in force now, including everything sealed before the call. Concurrent calls share one read of the log.
   *
   * @param since accept a read that began at this time or later, by the process's own clock (`performance.now()`)
   * @throws CountersignError `unavailable`; `invalid-evidence` when the log is not the one that was signed, or not the one it was
   */
  async current(since = performance.now()): Promise<Looked> {
    if (this.#running !== null && this.#beganAt >= since) await this.#running;
    if (this.#lookedAt < since) {
      // A read in progress may have begun before the call, so wait for the next one.
      this.#next ??= this.#after(this.#running);
      await this.#next;
    }
    return { ...this.#read.inForce, freezeRows: this.#freezeRows, spent: this.#spent };
  }

  /** As it was last read. */
  get known(): InForce {
    return this.#read.inForce;
  }

  async #after(running: Promise<void> | null): Promise<void> {
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = null;
    this.#beganAt = performance.now();
    await this.#follow();
  }

  async #follow(): Promise<void> {
    const { tenant, store } = this.#options;
    const before = this.#read;
    const look = await store.looks.at(tenant, before.frontier.size, PAGE);
    await this.#take(before, look);
    this.#freezeRows = look.freezes;
    this.#lookedAt = this.#beganAt;
  }

  async #take(before: RegisterMark, look: Look): Promise<void> {
    const { head } = look;
    const size = head?.size ?? 0;
    if (size < before.frontier.size) {
      throw altered(
        `has ${size} entries, and had ${before.frontier.size}: it was cut back, or an old copy was put in its place`,
      );
    }
    if (head === null) return;
    if (size === before.frontier.size) {
      if (!equalBytes(head.root, frontierRoot(before.frontier)))
        throw altered('has another root than the one that was read');
      return;
    }
    const read = await this.#readOn(before, size, look.envelopes);
    await this.#checkHead(head, read);
    this.#read = read;
    if (read.inForce !== before.inForce || size - this.#marked >= MARK_EVERY) this.#mark(read);
  }

  async #readOn({ frontier, inForce }: RegisterMark, size: number, first: Uint8Array[]): Promise<RegisterMark> {
    const { tenant, store } = this.#options;
    const begin = frontier.size;
    for (let from = begin; from < size; from += PAGE) {
      const to = Math.min(size, from + PAGE);
      const entries = from === begin ? first : (await store.looks.at(tenant, from, to - from)).envelopes;
      if (entries.length !== to - from) throw altered(`is missing some of the entries ${from} to ${to - 1}`);
      for (const [offset, entry] of entries.entries()) {
        const read = await this.#recordOf(entry, from + offset);
        if (read !== null) inForce = after(inForce, read.record, read.hash);
      }
      ({ frontier } = extendFrontier(frontier, entries.map(hashLeaf)));
    }
    return { frontier, inForce, spent: this.#spent };
  }

  #spend(action: string): void {
    this.#spent.add(action);
    const oldest = this.#spent.values().next();
    if (this.#spent.size > SPENT_MAX && oldest.done !== true) this.#spent.delete(oldest.value);
  }

  /** The verified record of an entry that grants or stops something; null for every other entry. */
  async #recordOf(entry: Uint8Array, index: number): Promise<{ record: RecordPayload; hash: string } | null> {
    const { tenant, keys } = this.#options;
    try {
      const envelope = JSON.parse(fromUtf8(entry)) as Envelope;
      const seen = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as RecordPayload;
      if (seen.type === 'redemption' || seen.type === 'outcome') this.#spend(seen.action);
      if (!concerns(seen)) return null;
      const counts = keys().history.record.filter(({ revoked }) => revoked === null || index < revoked.from);
      const { payload } = await openEnvelope(
        parseEnvelope(envelope),
        counts.map(({ jwk }) => jwk),
        nodeVerify,
      );
      const record = decodeRecord(payload);
      return record.tenant === tenant ? { record, hash: recordHash(payload) } : null;
    } catch (error) {
      if (!isEvidenceError(error) && !(error instanceof SyntaxError)) throw error;
      throw altered(`holds something at ${index} that no key of it signed`, error);
    }
  }

  async #checkHead(head: LogHead, { frontier }: RegisterMark): Promise<void> {
    try {
      const signed = await openCheckpoint(head.checkpoint, this.#options.keys().logKeys, nodeVerifyEd25519);
      const root = frontierRoot(frontier);
      if (signed.size === frontier.size && equalBytes(signed.root, root) && equalBytes(head.root, root)) return;
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      throw altered('has a checkpoint that no key of it signed', error);
    }
    throw altered('holds other entries than those that its checkpoint signs');
  }

  #mark(read: RegisterMark): void {
    try {
      this.#options.marks.write(this.#options.tenant, read);
      this.#marked = read.frontier.size;
    } catch (error) {
      this.#options.onUnmarked(error);
    }
  }
}

function hashLeaf(entry: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(0x00)).update(entry).digest();
}

function altered(what: string, cause?: unknown): CountersignError {
  return new CountersignError(
    'invalid-evidence',
    `the log in the database ${what}; nothing is released. find out who changed the database, and run \`countersign audit\``,
    { cause },
  );
}
