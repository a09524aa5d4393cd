/** One tenant's log, read from its beginning on and never believed: what is in force follows from what its keys signed. */
import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8 } from '../canonical/index.ts';
import { CountersignError, type Envelope, type RecordPayload } from '../contract/index.ts';
import { nodeVerify, nodeVerifyEd25519, type TenantKeys } from '../keys/index.ts';
import { extendFrontier, frontierRoot, isEvidenceError, openCheckpoint } from '../ledger/index.ts';
import { openEnvelope, parseEnvelope, decodeRecord, recordHash } from '../sealing/index.ts';
import type { Freeze, LogHead, Look, Store } from '../store/index.ts';
import { after, concerns, type InForce } from './in-force.ts';
import { NOTHING_READ, type RegisterMark, type MarkFiles } from './mark.ts';

/** Entries read at once: 64 KiB each at worst. */
const PAGE = 256;
/** Entries that a mark may lie behind: so many are read again after a start. */
const MARK_EVERY = 1024;

/** What is in force, and what rows alone say is stopped. */
export interface Looked extends InForce {
  freezeRows: readonly Freeze[];
}

export interface FollowerOptions {
  tenant: string;
  store: Pick<Store, 'looks'>;
  /** Asked only once the log has an entry: keys are made when they are asked for. */
  keys(): Pick<TenantKeys, 'logKeys' | 'history'>;
  marks: MarkFiles;
  /** A mark could not be kept. */
  onUnmarked(error: unknown): void;
}

/**
 * Follows a log. Every entry is hashed into the tree whose root the log's key signed, so that none can be changed, left out or put in by
 * whoever may write to the database; entries that grant or stop are also checked against the record keys, and folded.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  #read: RegisterMark;
  #marked: number;
  /** What rows say is stopped, as of the last look. */
  #freezeRows: readonly Freeze[] = [];
  /** When the last look that ended well began. */
  #lookedAt = -Infinity;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#read = options.marks.read(options.tenant) ?? NOTHING_READ;
    this.#marked = this.#read.frontier.size;
  }

  /**
   * What is in force now: everything that was sealed before the call counts. Calls at the same time share one look at the log.
   *
   * @param since a look that began then or later counts too, by the process's own clock (`performance.now()`)
   * @throws CountersignError `unavailable`; `invalid-evidence` when the log is not the one that was signed, or not the one it was
   */
  async current(since = performance.now()): Promise<Looked> {
    if (this.#lookedAt < since) {
      // One that runs already may have looked before the call: the next one counts for it.
      this.#next ??= this.#after(this.#running);
      await this.#next;
    }
    return { ...this.#read.inForce, freezeRows: this.#freezeRows };
  }

  async #after(running: Promise<void> | null): Promise<void> {
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = null;
    await this.#follow();
  }

  async #follow(): Promise<void> {
    const { tenant, store } = this.#options;
    const before = this.#read;
    const began = performance.now();
    const look = await store.looks.at(tenant, before.frontier.size, PAGE);
    await this.#take(before, look);
    this.#freezeRows = look.freezes;
    this.#lookedAt = began;
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
    return { frontier, inForce };
  }

  /** The record of an entry that grants or stops something, its signature checked; null for every other entry. */
  async #recordOf(entry: Uint8Array, index: number): Promise<{ record: RecordPayload; hash: string } | null> {
    const { tenant, keys } = this.#options;
    try {
      const envelope = JSON.parse(fromUtf8(entry)) as Envelope;
      const seen = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as RecordPayload;
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
