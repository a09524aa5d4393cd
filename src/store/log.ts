/** The rows of a tenant's log: what the sequencer writes in one statement, and what proofs are made of. */
import type { Database } from './database.ts';
import type { Postgres } from './postgres.ts';
import type { Connection, OpenTransaction } from './transactions.ts';
import { TILE_WIDTH } from '../ledger/index.ts';
import { swapStatement } from './log-swap.ts';
import { lockEach } from './limit-statements.ts';
import type { Alongside, LogAppend, LogHead, SealedEntry } from './log-types.ts';

/** `swapped`: durable. `moved`: the head has changed, or one of the entries exists already; nothing was written. */
export type Swap = 'swapped' | 'moved';

/** A log whose head is locked: nobody else appends to it until the transaction ends. */
export interface LockedLog {
  head: LogHead | null;
  /** Those of the (action, seq) pairs that are sealed. */
  existing(keys: readonly { action: string; seq: number }[]): Promise<SealedEntry[]>;
  /** Leaf hashes of entries `from` up to but not including `to`, one after the other. */
  leafHashes(from: number, to: number): Promise<Uint8Array>;
  swap(append: LogAppend): Promise<Swap>;
}

/** A log during our turn: its head, and the leaf hashes of its open tile from the given position on. */
export interface LogTurn {
  head: LogHead | null;
  leaves: Uint8Array;
}

export interface LogStore {
  /** Those that have sealed something. */
  tenants(): Promise<string[]>;
  head(tenant: string): Promise<LogHead | null>;
  /**
   * Compare-and-swap: appends after exactly `expected`, in one statement that is its own transaction and on disk when it answers.
   *
   * @throws CountersignError `unavailable` when the database went away; whether it was written is then unknown.
   */
  swap(tenant: string, expected: LogHead, append: LogAppend): Promise<Swap>;
  /**
   * One transaction under the lock of the log's head row: writers of other processes, and a commit of ours whose answer was lost,
   * are waited for. Commits when `work` resolves.
   */
  locked<T>(tenant: string, work: (log: LockedLog) => Promise<T>): Promise<T>;
  /**
   * A short turn at the head: waits under its row lock for the current holder, and appends what `work` makes of the head, in two round
   * trips. A process that hangs in its turn loses it within three seconds, and one that dies loses it immediately.
   *
   * @param from Leaf hashes of the open tile are read from here on.
   * @returns `moved` when an entry exists already, or a permit was redeemed; nothing was written.
   */
  appendAtHead<T>(
    tenant: string,
    from: number,
    work: (head: LogTurn) => Promise<{ value: T; append: LogAppend }>,
  ): Promise<{ value: T } | 'moved'>;
  /**
   * {@link swap}, with what is written alongside, in a transaction that stays open until the caller ends it. `moved` as there; `otherwise`
   * where something of `alongside` could not be written. Either way nothing is left behind. It waits only briefly for locks, and a process that
   * hangs meanwhile loses it as it loses a turn.
   *
   * @throws CountersignError `unavailable` when the database went away; nothing was written.
   */
  hold(
    tenant: string,
    expected: LogHead,
    append: LogAppend,
    alongside: readonly Alongside[],
  ): Promise<Pick<OpenTransaction, 'commit' | 'rollback'> | 'moved' | 'otherwise'>;
  /** Hashes of a tile from its first on, as many as there are; null when there are none. For level 0 only full tiles are here. */
  tile(tenant: string, level: number, index: number): Promise<Uint8Array | null>;
  /** Leaf hashes of entries `from` up to but not including `to`, one after the other. */
  leafHashes(tenant: string, from: number, to: number): Promise<Uint8Array>;
  envelopes(tenant: string, from: number, to: number): Promise<Uint8Array[]>;
  find(tenant: string, recordHash: Uint8Array): Promise<{ index: number; envelope: Uint8Array } | null>;
}

const UNIQUE_VIOLATION = '23505';
/** The only unique constraint that concurrent writers of a log can violate. Any other violation is a bug, not a race. */
const ENTRY_KEYS = ['log_entry_tenant_action_seq_key', 'log_entry_pkey'];

function isTaken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('constraint' in error)) return false;
  return error.code === UNIQUE_VIOLATION && ENTRY_KEYS.includes(String(error.constraint));
}

const LOCK_NOT_AVAILABLE = '55P03';

/** A lock was waited for long enough. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;

/** An empty log: every column is set by the first append. The empty note says that nothing was signed. */
const GENESIS = `insert into log_head (tenant, size, frontier, root, checkpoint) values ($1, 0, '', '', '')
  on conflict (tenant) do nothing`;

const LOCK = `select size, frontier, root, checkpoint from log_head where tenant = $1 for update`;

const EXISTING = `select e.action, e.seq, e.index, e.record_hash as "recordHash", e.envelope
  from unnest($2::text[], $3::integer[]) as k(action, seq)
  join log_entry e on e.tenant = $1 and e.action = k.action and e.seq = k.seq`;

const LEAVES = `select leaf_hash as "leafHash" from log_entry where tenant = $1 and index >= $2 and index < $3 order by index`;

/** The leaf hashes of the open tile that we do not know. Sent after {@link LOCK}, so it sees the writes of the lock's last holder. */
const OPEN_LEAVES = `select leaf_hash as "leafHash" from log_entry
  where tenant = $1 and index >= greatest($2::bigint, (select size / ${TILE_WIDTH} * ${TILE_WIDTH} from log_head where tenant = $1))
  order by index`;

/** PostgreSQL ends a connection that is silent for this long during its turn, because its process was stopped or cut off. */
const TURN = `set local idle_in_transaction_session_timeout = '2500ms'`;

const unborn = (head: LogHead | undefined): LogHead | null => (head === undefined || head.size === 0 ? null : head);

async function lock(connection: Connection, tenant: string): Promise<LogHead | null> {
  const read = { name: 'log-lock', text: LOCK, values: [tenant] };
  const [head] = await connection.query<LogHead>(read);
  if (head !== undefined) return unborn(head);
  await connection.query({ name: 'log-genesis', text: GENESIS, values: [tenant] });
  return unborn((await connection.query<LogHead>(read))[0]);
}

export function createLogStore({ db, hold, query, transaction, sealUnderLock }: Postgres): LogStore {
  const entries = (tenant: string, from: number, to: number) => entryRange(db, tenant, from, to);
  return {
    async tenants() {
      const rows = await db.selectFrom('logHead').select('tenant').where('size', '>', 0).execute();
      return rows.map(({ tenant }) => tenant);
    },
    async head(tenant) {
      const row = await db
        .selectFrom('logHead')
        .select(['size', 'frontier', 'root', 'checkpoint'])
        .where('tenant', '=', tenant)
        .executeTakeFirst();
      return unborn(row);
    },
    async swap(tenant, expected, append) {
      try {
        const rows = await query(swapStatement(tenant, expected, append));
        return rows.length === 1 ? 'swapped' : 'moved';
      } catch (error) {
        if (isTaken(error)) return 'moved';
        throw error;
      }
    },
    locked: (tenant, work) =>
      transaction(async (connection) => {
        const head = await lock(connection, tenant);
        return work({
          head,
          existing: (keys) =>
            connection.query<SealedEntry>({
              name: 'log-existing',
              text: EXISTING,
              values: [tenant, keys.map(({ action }) => action), keys.map(({ seq }) => seq)],
            }),
          async leafHashes(from, to) {
            const values = [tenant, from, to];
            const rows = await connection.query<{ leafHash: Buffer }>({ name: 'log-leaves', text: LEAVES, values });
            return Buffer.concat(rows.map(({ leafHash }) => leafHash));
          },
          async swap(append) {
            const rows = await connection.query(swapStatement(tenant, head, append));
            return rows.length === 1 ? 'swapped' : 'moved';
          },
        });
      }),
    async appendAtHead(tenant, from, work) {
      const reads = [
        { name: 'log-lock', text: LOCK, values: [tenant] },
        { name: 'log-open-leaves', text: OPEN_LEAVES, values: [tenant, from] },
      ];
      try {
        const { value, written } = await sealUnderLock(TURN, reads, async ([heads = [], leaves = []]) => {
          const head = unborn((heads as LogHead[])[0]);
          const hashes = (leaves as { leafHash: Buffer }[]).map(({ leafHash }) => leafHash);
          const { value, append } = await work({ head, leaves: Buffer.concat(hashes) });
          return { value, write: swapStatement(tenant, head, append) };
        });
        return written.length === 1 ? { value } : 'moved';
      } catch (error) {
        if (isTaken(error)) return 'moved';
        throw error;
      }
    },
    async hold(tenant, expected, append, alongside) {
      const locks = lockEach(alongside.flatMap((one) => one.locks));
      const writes = [...alongside.map(({ write }) => write), swapStatement(tenant, expected, append)];
      try {
        const held = await hold(locks, writes);
        const written = held.rows.map((rows) => rows.length === 1);
        if (written.every(Boolean)) return held;
        await held.rollback();
        return written.at(-1) === true ? 'otherwise' : 'moved';
      } catch (error) {
        if (isTaken(error)) return 'moved';
        if (isBusy(error)) return 'otherwise';
        throw error;
      }
    },
    async tile(tenant, level, index) {
      const row = await db
        .selectFrom('logTile')
        .select('hashes')
        .where('tenant', '=', tenant)
        .where('level', '=', level)
        .where('index', '=', index)
        .executeTakeFirst();
      return row?.hashes ?? null;
    },
    async leafHashes(tenant, from, to) {
      const rows = await entries(tenant, from, to).select('leafHash').orderBy('index').execute();
      return Buffer.concat(rows.map(({ leafHash }) => leafHash));
    },
    async envelopes(tenant, from, to) {
      const rows = await entries(tenant, from, to).select('envelope').orderBy('index').execute();
      return rows.map(({ envelope }) => envelope);
    },
    async find(tenant, recordHash) {
      const row = await db
        .selectFrom('logEntry')
        .select(['index', 'envelope'])
        .where('tenant', '=', tenant)
        .where('recordHash', '=', Buffer.from(recordHash))
        .orderBy('index')
        .limit(1)
        .executeTakeFirst();
      return row ?? null;
    },
  };
}

function entryRange(db: Database, tenant: string, from: number, to: number) {
  return db.selectFrom('logEntry').where('tenant', '=', tenant).where('index', '>=', from).where('index', '<', to);
}
