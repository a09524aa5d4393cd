/**
 * The one writer of a tenant's log.
 *
 * What is durable, and when. One commit is one PostgreSQL transaction that writes, all or nothing:
 *   1. the head, compared with the one it grew from and swapped: size, frontier, root, signed checkpoint;
 *   2. the entries, at the positions that the head's old size gives them;
 *   3. the tiles that the entries grow;
 *   4. the actions' projections, their permits, and the reservations they give back.
 * Nothing of it exists before the commit, and nobody is answered before it is flushed. So a power cut leaves the log either unchanged,
 * with nobody answered, or grown by the whole batch; callers without an answer ask again and find their entries.
 *
 * The checkpoint is signed before the commit and served only from the committed row. A signer that fails fails the batch: nothing is
 * sealed unsigned.
 *
 * There is one writer because the head is compared and swapped, not because there is one process: any number may race. A writer takes the
 * locked path when the head has moved, an entry is taken, or the outcome of its last commit is unknown: under the head's row lock it
 * reads what is there, drops what is sealed already, and swaps. A process also begins that way, so recovery is the normal path.
 *
 * Where several processes write one log, racing would cost most of them a wasted commit. So a writer takes turns at first, and after a race that it lost: the lock of the head's row is the queue, PostgreSQL keeps it in order, and what came while a writer waited goes with its
 * turn. A turn ends with its connection: immediately when its process dies, within three seconds when it hangs. A writer that finds itself
 * alone for a while goes ahead.
 *
 * What is sealed of an action whose start is on its way may be written before it may be sealed, in a transaction that only waits for its commit
 * (`hold`). The head is locked meanwhile, so only a writer that goes ahead and has nothing else to write does it, and only for a moment.
 */
import { DeadlinePassed, within } from '../availability/index.ts';
import { equalBytes } from '../canonical/index.ts';
import { CountersignError, ENVELOPE_MAX_BYTES } from '../contract/index.ts';
import { nodeVerifyEd25519, type NoteSigner, type TenantKeys } from '../keys/index.ts';
import { frontierRoot, openCheckpoint, tileHashes, TILE_WIDTH } from '../ledger/index.ts';
import { isUnavailable, type LockedLog, type LogHead, type SealedEntry, type Store } from '../store/index.ts';
import { grow, unpackFrontier, type LogEnd } from './growth.ts';
import { createPace, createPatience } from './pace.ts';
import type { AppendPath, Holding, SealedRecord, Sequencer, StagedRecord } from './types.ts';

/** The most records of one commit. It bounds the memory of a transaction, here and in PostgreSQL. */
const BATCH_MAX = 512;
/** A signer that does not answer must not hold the log's lock for ever. */
const SIGNER_MS = 10_000;
/** How long the log waits for one start: far longer than most take, and short for the requests that come meanwhile. */
const HOLD_MS = 50;

export interface SequencerOptions {
  store: Pick<Store, 'log'>;
  keys: { forTenant(tenant: string): LogKeys };
  /** Called after every batch that is on disk. */
  onAppend?: (path: AppendPath) => void;
  /** How long the log waits for one start. @default {@link HOLD_MS} */
  holdMs?: number;
}

/** Read at each use: keys rotate. */
type LogKeys = Pick<TenantKeys, 'log'> & Partial<Pick<TenantKeys, 'leaving' | 'logKeys'>>;

interface Call {
  records: readonly StagedRecord[];
  resolve(sealed: SealedRecord[]): void;
  reject(error: unknown): void;
}

export function createSequencer({
  store,
  keys,
  onAppend = () => undefined,
  holdMs = HOLD_MS,
}: SequencerOptions): Sequencer {
  const logs = new Map<string, LogWriter>();
  const writerOf = (tenant: string): LogWriter => {
    let log = logs.get(tenant);
    if (log === undefined) {
      log = new LogWriter(tenant, store, keys.forTenant(tenant), { onAppend, holdMs });
      logs.set(tenant, log);
    }
    return log;
  };
  return {
    async append(tenant, records) {
      if (records.length === 0) return [];
      validate(records);
      return writerOf(tenant).append(records);
    },
    async hold(tenant, records, holding) {
      if (records.length === 0) return null;
      validate(records);
      return writerOf(tenant).hold(records, holding);
    },
  };
}

function validate(records: readonly StagedRecord[]): void {
  const broken = (why: string): never => {
    throw new CountersignError('invalid-evidence', `a record cannot be sealed: ${why}`);
  };
  if (records.length > BATCH_MAX) broken(`a call holds more than ${BATCH_MAX}; make several`);
  if (new Set(records.map(keyOf)).size !== records.length) broken('two of one call have the same action and number');
  for (const { recordHash, envelope, seq } of records) {
    if (!/^sha256:[0-9a-f]{64}$/.test(recordHash)) broken('its hash is not `sha256:` and 64 hexadecimal digits');
    if (!Number.isInteger(seq) || seq < 0) broken('its number is not a whole number from 0');
    if (envelope.length === 0 || envelope.length > ENVELOPE_MAX_BYTES) {
      broken(`its envelope has ${envelope.length} bytes; a log entry has 1 to ${ENVELOPE_MAX_BYTES}, so disclose less`);
    }
  }
}

const keyOf = ({ action, seq }: { action: string; seq: number }): string => `${seq}\n${action}`;

class LogWriter {
  readonly #tenant: string;
  readonly #store: SequencerOptions['store'];
  readonly #keys: LogKeys;
  readonly #onAppend: (path: AppendPath) => void;
  readonly #holdMs: number;
  #waiting: Call[] = [];
  #running = false;
  /** The head as our last commit left it, or null when the outcome of that commit is unknown. */
  #end: LogEnd | null = null;
  readonly #pace = createPace();
  readonly #patience = createPatience();

  constructor(
    tenant: string,
    store: SequencerOptions['store'],
    keys: LogKeys,
    { onAppend, holdMs }: Required<Pick<SequencerOptions, 'onAppend' | 'holdMs'>>,
  ) {
    this.#onAppend = onAppend;
    this.#holdMs = holdMs;
    this.#tenant = tenant;
    this.#store = store;
    this.#keys = keys;
  }

  append(records: readonly StagedRecord[]): Promise<SealedRecord[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Calls that come meanwhile wait, and go with the next batch. */
  async hold(records: readonly StagedRecord[], holding: Holding): Promise<SealedRecord[] | null> {
    const end = this.#end;
    if (this.#running || end === null || this.#pace.takesTurns() || !this.#patience.holds()) return null;
    this.#running = true;
    try {
      return await this.#sealWhenTold(end, records, holding);
    } catch {
      // Whether it was committed, the next batch finds out under the lock.
      return null;
    } finally {
      if (this.#waiting.length > 0) void this.#run();
      else this.#running = false;
    }
  }

  /** Group commit: while one batch is on its way to disk, the next one gathers. */
  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const calls: Call[] = [];
      try {
        if (this.#end !== null && this.#pace.takesTurns()) await this.#sealInTurn(this.#end, calls);
        else {
          calls.push(...this.#take());
          await this.#seal(calls);
        }
      } catch (error) {
        this.#end = null;
        // It failed before its turn came.
        if (calls.length === 0) calls.push(...this.#take());
        if (calls.length === 1 || isUnavailable(error)) {
          for (const { reject } of calls) reject(error);
        } else {
          // One record is bad. Each is sealed on its own, so that the others are not refused with it.
          for (const call of calls) await this.#seal([call]).catch((reason: unknown) => call.reject(reason));
        }
      }
    }
    this.#running = false;
  }

  /** The next batch. Of two calls with a record in common the second waits for the next one, and then finds it sealed. */
  #take(): Call[] {
    const taken: Call[] = [];
    const left: Call[] = [];
    const keys = new Set<string>();
    let count = 0;
    for (const call of this.#waiting) {
      const recordKeys = call.records.map(keyOf);
      const fits = left.length === 0 && count + recordKeys.length <= BATCH_MAX;
      if (fits && !recordKeys.some((key) => keys.has(key))) {
        taken.push(call);
        count += recordKeys.length;
        for (const key of recordKeys) keys.add(key);
      } else left.push(call);
    }
    this.#waiting = left;
    return taken;
  }

  async #seal(calls: readonly Call[]): Promise<void> {
    const begins = this.#end === null;
    if (this.#end !== null && (await this.#swapAfter(this.#end, calls))) {
      this.#onAppend('ahead');
      return;
    }
    if (!begins) this.#pace.lost();
    await this.#sealLocked(calls);
    this.#onAppend(begins ? 'begun' : 'moved');
  }

  /** The path of many writers. Records that arrive before our turn are added to `calls`. */
  async #sealInTurn(end: LogEnd, calls: Call[]): Promise<void> {
    const tenant = this.#tenant;
    this.#end = null;
    const first = end.head.size - (end.head.size % TILE_WIDTH);
    const appended = await this.#store.log.appendAtHead(tenant, end.head.size, async ({ head, leaves }) => {
      if (head === null) throw new CountersignError('invalid-evidence', 'the head of the log is gone');
      calls.push(...this.#take());
      const alone = head.size === end.head.size && head.checkpoint === end.head.checkpoint;
      // We hold the beginning of the open tile, unless it has changed meanwhile.
      const sameTile = head.size - (head.size % TILE_WIDTH) === first;
      const known = sameTile ? end.edge : [];
      const from = alone ? end : await this.#verified(head, [...known, ...hashesOf(leaves)]);
      const { append, end: next } = await this.#grow(from, calls);
      return { value: { alone, next, from: head.size }, append };
    });
    if (appended === 'moved') {
      await this.#sealLocked(calls);
      this.#onAppend('moved');
      return;
    }
    const { alone, next, from } = appended.value;
    this.#pace.took({ alone });
    this.#end = next;
    answer(calls, from);
    this.#onAppend('turn');
  }

  /** The fast path: one statement on top of our last commit. False when the locked path has to be taken. */
  async #swapAfter(end: LogEnd, calls: readonly Call[]): Promise<boolean> {
    const { append, end: next } = await this.#grow(end, calls);
    this.#end = null;
    try {
      if ((await this.#store.log.swap(this.#tenant, end.head, append)) === 'moved') return false;
    } catch (error) {
      if (isUnavailable(error)) return false;
      throw error;
    }
    this.#end = next;
    answer(calls, end.head.size);
    return true;
  }

  async #sealWhenTold(
    end: LogEnd,
    records: readonly StagedRecord[],
    { alongside, until }: Holding,
  ): Promise<SealedRecord[] | null> {
    const { append, end: next } = await this.#grow(end, [{ records }]);
    this.#end = null;
    const held = await this.#store.log.hold(this.#tenant, end.head, append, alongside);
    if (held === 'moved' || held === 'otherwise') {
      this.#patience.held(false);
      if (held === 'moved') this.#pace.lost();
      else this.#end = end;
      return null;
    }
    const outcome = await soon(until, this.#holdMs);
    this.#patience.held(outcome !== 'late');
    if (outcome !== 'yes') {
      await held.rollback();
      this.#end = end;
      return null;
    }
    await held.commit();
    this.#end = next;
    this.#onAppend('beside');
    return sealedFrom(end.head.size, records);
  }

  async #sealLocked(calls: readonly Call[]): Promise<void> {
    const tenant = this.#tenant;
    const { existing, fresh, from, next } = await this.#store.log.locked(tenant, async (log) => {
      const entries = await log.existing(calls.flatMap(({ records }) => records));
      const sealed = new Map(entries.map((entry) => [keyOf(entry), entry]));
      const isFresh = ({ records }: Call): boolean => !records.some((record) => sealed.has(keyOf(record)));
      const unsealed = calls.filter(isFresh);
      const from = log.head?.size ?? 0;
      const end = log.head === null ? null : await this.#continue(log, log.head);
      if (unsealed.length === 0) return { existing: sealed, fresh: unsealed, from, next: end };
      const grown = await this.#grow(end, unsealed);
      if ((await log.swap(grown.append)) === 'moved') {
        throw new CountersignError('internal', 'the head of the log moved while it was locked; nothing was sealed');
      }
      return { existing: sealed, fresh: unsealed, from, next: grown.end };
    });
    this.#end = next;
    answer(fresh, from);
    const old = calls.filter((call) => !fresh.includes(call));
    for (const { records, resolve } of old) resolve(records.flatMap((record) => sealedOf(existing, record)));
  }

  /**
   * The end of a log that others may have written. It is extended only if one of our keys signed it. Otherwise our next signature would
   * vouch for a head that somebody edited in the database.
   */
  async #continue(log: LockedLog, head: LogHead): Promise<LogEnd> {
    const edge = await log.leafHashes(head.size - (head.size % TILE_WIDTH), head.size);
    return this.#verified(head, hashesOf(edge));
  }

  async #verified(head: LogHead, edge: readonly Uint8Array[]): Promise<LogEnd> {
    const { size, root } = await openCheckpoint(
      head.checkpoint,
      this.#keys.logKeys ?? [this.#keys.log.key],
      nodeVerifyEd25519,
    );
    const frontier = unpackFrontier(head);
    if (size !== head.size || !equalBytes(root, head.root) || !equalBytes(root, frontierRoot(frontier))) {
      throw new CountersignError(
        'invalid-evidence',
        'the head of the log in the database is not the one that was signed; find out who changed it, and run `countersign audit`',
      );
    }
    return { head, frontier, edge };
  }

  async #grow(end: LogEnd | null, calls: readonly Pick<Call, 'records'>[]): ReturnType<typeof grow> {
    const records = calls.flatMap((call) => call.records);
    const { log, leaving = [] } = this.#keys;
    const bounded = ({ key, sign }: Pick<NoteSigner, 'key' | 'sign'>): Pick<NoteSigner, 'key' | 'sign'> => ({
      key,
      sign: (message) => signedInTime(sign(message)),
    });
    return grow(end, records, bounded(log), leaving.map(bounded));
  }
}

const hashesOf = (bytes: Uint8Array): Uint8Array[] => (bytes.length === 0 ? [] : tileHashes(bytes));

/** @throws CountersignError `unavailable` when the signer fails or does not answer. */
async function signedInTime(signing: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await within(SIGNER_MS, signing);
  } catch (error) {
    throw new CountersignError(
      'unavailable',
      'the log key cannot sign now, and nothing is sealed unsigned; nothing was released. try again',
      { cause: error },
    );
  }
}

/** Resolves the calls whose records are on disk, starting at position `from`. */
function answer(calls: readonly Call[], from: number): void {
  let index = from;
  for (const { records, resolve } of calls) {
    resolve(sealedFrom(index, records));
    index += records.length;
  }
}

const sealedFrom = (from: number, records: readonly StagedRecord[]): SealedRecord[] =>
  records.map(({ recordHash, envelope }, i) => ({ index: from + i, recordHash, envelope, existing: false }));

/** What became of it within this time. */
const soon = (until: Promise<void>, ms: number): Promise<'yes' | 'no' | 'late'> =>
  within(ms, until).then(
    () => 'yes',
    (error: unknown) => (error instanceof DeadlinePassed ? 'late' : 'no'),
  );

function sealedOf(sealed: ReadonlyMap<string, SealedEntry>, record: StagedRecord): SealedRecord[] {
  const entry = sealed.get(keyOf(record));
  if (entry === undefined) return [];
  const { index, recordHash, envelope } = entry;
  return [{ index, recordHash: `sha256:${Buffer.from(recordHash).toString('hex')}`, envelope, existing: true }];
}
