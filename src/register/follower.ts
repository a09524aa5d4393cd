/** Reads one tenant's log from the beginning. The database is not trusted: only signed entries say what is in force. */
import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8 } from '../canonical/index.ts';
import { CountersignError, type Envelope, type RecordPayload } from '../contract/index.ts';
import { nodeVerify, verifyNoteUnlessMadeHere, type TenantKeys } from '../keys/index.ts';
import { extendFrontier, frontierRoot, isEvidenceError, openCheckpoint } from '../ledger/index.ts';
import { openEnvelope, parseEnvelope, decodeRecord, recordHash } from '../sealing/index.ts';
import type { Freeze, LogHead, Look, LookRange, Store } from '../store/index.ts';
import { after, concerns, type InForce } from './in-force.ts';
import { LimitShares, returnedBy, takenBy, type LimitShare, type ShareSeals } from './limit-shares.ts';
import { NOTHING_READ, type RegisterMark, type MarkFiles } from './mark.ts';
import { NewestRecords } from './newest-records.ts';

/** Something of the caller's that can be read in the statement that reads the log, and is read after the call either way. */
export interface Beside<T> {
  together(range: LookRange): Promise<{ look: Look; value: T }>;
  alone(): Promise<T>;
}

/** Entries read in one query, 64 KiB each at most. */
const PAGE = 256;
/** How many entries a mark may lag behind. A start reads them again. */
const MARK_EVERY = 1024;
/** A mark of a busy log is large. The next one comes this many times later than writing it took. */
const MARK_PAUSE = 20;
/** One of so few actions is written each time. */
const MARK_SMALL = 2000;

/** What is in force by the records, and what only rows freeze. */
export interface Looked extends InForce {
  freezeRows: readonly Freeze[];
  /** Their entries may be hidden from a search, but were read here. */
  newestRecords: Pick<NewestRecords, 'of'>;
  /** Their rows may be gone, but their sealed shares count. */
  limitShares: Pick<LimitShares, 'atLeast'>;
}

type ReadSoFar = Pick<RegisterMark, 'frontier' | 'inForce'>;

/** What a record takes of limits, or gives back. */
interface ShareChange {
  change: 'take' | 'giveBack';
  shares: LimitShare[];
}

export interface FollowerOptions {
  tenant: string;
  store: Pick<Store, 'looks'>;
  /** Call it only when the log has an entry: asking for keys creates them. */
  keys(): Pick<TenantKeys, 'logKeys' | 'history'>;
  marks: MarkFiles;
  shares: Pick<ShareSeals, 'open'>;
  /** Called when a mark could not be written. */
  onUnmarked(error: unknown): void;
}

/**
 * Follows a log. Every entry is hashed into the tree whose root the log's key signed, so nobody with write access to the database can
 * change, drop or insert one. Entries that grant or stop something are also checked against the record keys, then folded.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  #read: ReadSoFar;
  #marked: number;
  /** Whether something came in force, or ended, that no mark holds yet. */
  #changed = false;
  /** Until then no mark is written. */
  #markAfter = -Infinity;
  /** How many entries it had when any process of this data folder last looked. */
  readonly #height: number;
  /** Grows while a log is read, before its root is checked. An early entry can only refuse. */
  readonly #newest: NewestRecords;
  /** Entries below it are noted. A read that failed begins again. */
  #noted: number;
  /** Changes only after the check, because a share that is given back too early would let more through. */
  readonly #shares: LimitShares;
  /** The freezes of rows when the log was last read. */
  #freezeRows: readonly Freeze[] = [];
  /** When the last successful read began. */
  #lookedAt = -Infinity;
  /** When the one that runs now, or ran last, began. */
  #beganAt = -Infinity;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #isReading = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const mark = options.marks.read(options.tenant) ?? NOTHING_READ;
    this.#read = { frontier: mark.frontier, inForce: mark.inForce };
    this.#marked = mark.frontier.size;
    this.#height = Math.max(mark.frontier.size, options.marks.height(options.tenant));
    this.#newest = new NewestRecords(mark.newestRecords);
    this.#noted = mark.frontier.size;
    this.#shares = new LimitShares(mark.limitShares);
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
    return this.#looked();
  }

  /** {@link current}, with something that the caller reads: in one statement, unless a read of the log that serves is made or under way. */
  async currentBeside<T>(
    { together, alone }: Beside<T>,
    since = performance.now(),
  ): Promise<{ looked: Looked; value: T }> {
    if (this.#isReading || this.#next !== null || this.#lookedAt >= since) {
      const [looked, value] = await Promise.all([this.current(since), alone()]);
      return { looked, value };
    }
    let beside: { value: T } | undefined;
    this.#next = this.#after(this.#running, async (range) => {
      const { look, value } = await together(range);
      beside = { value };
      return look;
    });
    await this.#next;
    if (beside === undefined) throw new Error('the log was read without what was to be read beside it');
    return { looked: this.#looked(), value: beside.value };
  }

  #looked(): Looked {
    return {
      ...this.#read.inForce,
      freezeRows: this.#freezeRows,
      newestRecords: this.#newest,
      limitShares: this.#shares,
    };
  }

  /** As it was last read. */
  get known(): InForce {
    return this.#read.inForce;
  }

  async #after(running: Promise<void> | null, read = this.#look): Promise<void> {
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = null;
    this.#beganAt = performance.now();
    this.#isReading = true;
    try {
      await this.#follow(read);
    } finally {
      this.#isReading = false;
    }
  }

  readonly #look = (range: LookRange): Promise<Look> => this.#options.store.looks.at(this.#options.tenant, range);

  async #follow(read: (range: LookRange) => Promise<Look>): Promise<void> {
    const before = this.#read;
    const look = await read({ from: before.frontier.size, most: PAGE });
    await this.#take(before, look);
    this.#freezeRows = look.freezes;
    this.#lookedAt = this.#beganAt;
  }

  async #take(before: ReadSoFar, look: Look): Promise<void> {
    const { head } = look;
    const size = head?.size ?? 0;
    const had = Math.max(before.frontier.size, this.#height);
    if (size < had) {
      throw altered(`has ${size} entries, and had ${had}: it was cut back, or an old copy was put in its place`);
    }
    if (head === null) return;
    if (size === before.frontier.size) {
      if (!equalBytes(head.root, frontierRoot(before.frontier)))
        throw altered('has another root than the one that was read');
      return;
    }
    const held: ShareChange[] = [];
    const read = await this.#readOn(before, size, look.envelopes, held);
    await this.#checkHead(head, read);
    for (const { change, shares } of held) this.#shares[change](shares, Date.now());
    this.#read = read;
    this.#options.marks.reached(this.#options.tenant, size, this.#options.onUnmarked);
    this.#changed ||= read.inForce !== before.inForce;
    const due = this.#changed || size - this.#marked >= MARK_EVERY;
    if (due && this.#beganAt >= this.#markAfter) this.#mark(read);
  }

  async #readOn(
    { frontier, inForce }: ReadSoFar,
    size: number,
    first: Uint8Array[],
    held: ShareChange[],
  ): Promise<ReadSoFar> {
    const begin = frontier.size;
    for (let from = begin; from < size; from += PAGE) {
      const to = Math.min(size, from + PAGE);
      const entries = from === begin ? first : (await this.#look({ from, most: to - from })).envelopes;
      if (entries.length !== to - from) throw altered(`is missing some of the entries ${from} to ${to - 1}`);
      for (const [offset, entry] of entries.entries()) {
        const read = await this.#recordOf(entry, from + offset, held);
        if (read !== null) inForce = after(inForce, read.record, read.hash);
      }
      ({ frontier } = extendFrontier(frontier, entries.map(hashLeaf)));
    }
    return { frontier, inForce };
  }

  /** Notes what the record takes of limits, or gives back. Shares that can no longer count are left out. */
  #hold(record: RecordPayload, held: ShareChange[]): void {
    const { tenant, shares } = this.#options;
    for (const change of ['take', 'giveBack'] as const) {
      const sealed = change === 'take' ? takenBy(record) : returnedBy(record);
      if (sealed === null) continue;
      const live = shares.open(tenant, record.action, sealed).filter(({ until }) => until > Date.now());
      if (live.length > 0) held.push({ change, shares: live });
    }
  }

  /** The verified record of an entry that grants or stops something; null for every other entry. */
  async #recordOf(
    entry: Uint8Array,
    index: number,
    held: ShareChange[],
  ): Promise<{ record: RecordPayload; hash: string } | null> {
    const { tenant, keys } = this.#options;
    try {
      const envelope = JSON.parse(fromUtf8(entry)) as Envelope;
      const seen = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as RecordPayload;
      if (index >= this.#noted) {
        this.#newest.note(seen);
        this.#noted = index + 1;
      }
      this.#hold(seen, held);
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

  async #checkHead(head: LogHead, { frontier }: ReadSoFar): Promise<void> {
    try {
      const signed = await openCheckpoint(head.checkpoint, this.#options.keys().logKeys, verifyNoteUnlessMadeHere);
      const root = frontierRoot(frontier);
      if (signed.size === frontier.size && equalBytes(signed.root, root) && equalBytes(head.root, root)) return;
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      throw altered('has a checkpoint that no key of it signed', error);
    }
    throw altered('holds other entries than those that its checkpoint signs');
  }

  #mark(read: ReadSoFar): void {
    const began = performance.now();
    try {
      this.#options.marks.write(this.#options.tenant, {
        ...read,
        newestRecords: this.#newest.save(),
        limitShares: this.#shares.save(),
      });
      this.#marked = read.frontier.size;
      this.#changed = false;
    } catch (error) {
      this.#options.onUnmarked(error);
    }
    const ended = performance.now();
    if (this.#newest.size > MARK_SMALL) this.#markAfter = ended + (ended - began) * MARK_PAUSE;
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
