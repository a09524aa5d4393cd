/** The connections to PostgreSQL, and how unanswered queries fail. */
import pg from 'pg';
import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { createCircuit, within, type Circuit } from '../availability/index.ts';
import type { Database, Tables } from './database.ts';
import { isUnavailable, translated } from './outage.ts';
import {
  connectTo,
  hold,
  lockedWrite,
  locking,
  query,
  transaction,
  type Committing,
  type Connection,
  type Guarded,
  type OpenTransaction,
  type Statement,
} from './transactions.ts';

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** `bigint` as a number (every count here is below 2^53), `timestamptz` as RFC 3339 UTC. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8) return Number;
  if (oid === TIMESTAMPTZ) return timeOf;
  return pg.types.getTypeParser(oid, format as 'text');
}

/** PostgreSQL has times that are no dates, such as `infinity`. We write none, and a foreign one must not stop reads of other rows. */
function timeOf(text: string): string {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  return text.startsWith('-') || text.endsWith('BC') ? '0001-01-01T00:00:00.000Z' : '9999-12-31T23:59:59.999Z';
}

export interface Postgres {
  db: Database;
  /** One statement on a connection for searches, as it is: the query builder would make it anew each time. */
  ask<Row>(statement: Statement): Promise<Row[]>;
  /** One statement about limits, on a connection for locks. */
  askLimits<Row>(statement: Statement): Promise<Row[]>;
  /** One statement on a connection for sealing: its own transaction. */
  query<Row>(statement: Statement): Promise<Row[]>;
  /** One transaction on a connection for sealing; rolled back when `work` throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /**
   * Takes locks, reads, and writes what `decide` makes of it, if anything: one transaction in two round trips, on a separate kind of
   * connection, where waiting for a lock holds up nothing else. `opening` is sent unchanged with `begin`, so it must not contain a caller's text.
   * `decide` is given the rows of the last read.
   *
   * Answers before the commit. Nothing may depend on it before `committed`.
   */
  locking<Row, T>(
    opening: string,
    reads: readonly Statement[],
    decide: (rows: Row[]) => Promise<{ value: T; write: Statement | null }>,
  ): Promise<Committing<T>>;
  /** The same where `write` itself checks what was read before: one round trip. Answers when it is committed, with the rows of the write. */
  lockedWrite<Row>(opening: string, write: Statement): Promise<Row[]>;
  /**
   * As `locking`, for sealing, with several reads, each of which sees what was committed before its turn came. Answers when it is committed,
   * with the rows that the write returned.
   */
  sealUnderLock<T>(
    opening: string,
    reads: readonly Statement[],
    decide: (rows: unknown[][]) => Promise<{ value: T; write: Statement }>,
  ): Promise<{ value: T; written: unknown[] }>;
  /**
   * Takes locks and writes in a transaction that stays open until its caller ends it, one way or the other. Answers when all is written and
   * nothing is committed; what fails is rolled back. It waits only briefly for locks, and PostgreSQL ends the connection of a process that hangs
   * meanwhile. `locks` are sent unchanged, so they must not contain a caller's text.
   */
  hold(locks: readonly string[], writes: readonly Statement[]): Promise<OpenTransaction>;
  /** Resolves when the server answers now, rejects within a second when it does not. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Connections for sealing: one per log is in use at a time, and never waits behind a search or a limit's lock. */
const SEALING_POOL = 4;
/** Connections for locks: a query that waits for one would wait for the lock's holder anyway. */
const LOCKING_POOL = 6;
/** Connections for what is held open: one per log is in use at a time, for milliseconds. */
const HOLDING_POOL = 2;

/**
 * A query that takes too long is cancelled, and a process that stopped inside a transaction loses its locks. None is compiled: where a server does that, it
 * takes longer than our longest searches.
 */
const session = (timeout: string): string =>
  `set statement_timeout = '${timeout}'; set idle_in_transaction_session_timeout = '20s'; set jit = off`;

/**
 * Each statement is planned once per connection. Of one that is given arrays PostgreSQL would otherwise expect more rows than come, and plan
 * it anew each time, which takes longer than to run it. A plan may be made while its tables are empty, so it goes by their indexes.
 */
const PLANNED_ONCE = `set plan_cache_mode = 'force_generic_plan'; set enable_seqscan = off`;

/**
 * What is held is soon committed, and waits no longer for a lock than it is worth: the process that has one is at work, and what is not written
 * beside a start is written behind it.
 */
const HELD_BRIEFLY = `set idle_in_transaction_session_timeout = '2500ms'; set lock_timeout = '25ms'`;

/** How long a connection may take to be made, in milliseconds. */
const CONNECT_MS = 4000;

interface PoolOptions {
  max: number;
  pipeline?: boolean;
  /** Settings of its connections, beside those that all have. */
  settings?: readonly string[];
  /** Of one statement, in PostgreSQL's words. */
  timeout?: string;
}

function createPool(
  connectionString: string,
  { max, pipeline = false, settings = [], timeout = '30s' }: PoolOptions,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    pipeline,
    // A server that accepts and then says nothing must not hold a request for ever.
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 60_000,
    application_name: 'countersign',
    // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool waits for it, though its types do not say so
    onConnect: async (client) => {
      await client.query([session(timeout), ...settings].join('; '));
    },
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  // The server closed an idle connection. The pool drops it, and the next query reports the fault.
  pool.on('error', () => undefined);
  // A connection that breaks between two queries of a transaction has nobody waiting for it. Its next query fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A separate connection for health checks, so that they wait behind nothing. */
function createDatabaseCircuit(connectionString: string): { circuit: Circuit; end(): Promise<void> } {
  const pool = createPool(connectionString, { max: 1 });
  /** One probe at a time. Concurrent callers share its answer. */
  let asking: Promise<unknown> | null = null;
  const ask = async (): Promise<unknown> => {
    const client = await pool.connect();
    try {
      const answer = await within(CONNECT_MS, client.query('select 1'));
      client.release();
      return answer;
    } catch (error) {
      // A hung connection is closed, so that the next question begins on a new one.
      client.release(true);
      throw error;
    }
  };
  const circuit = createCircuit({
    name: 'store',
    what: 'the database',
    probe: () => (asking ??= ask().finally(() => (asking = null))),
    isOutage: isUnavailable,
  });
  return {
    circuit,
    async end() {
      circuit.close();
      await pool.end();
    },
  };
}

export function openPostgres(connectionString: string, poolSize: number): Postgres {
  const { circuit, end } = createDatabaseCircuit(connectionString);
  const guarded = (options: PoolOptions): Guarded => ({ pool: createPool(connectionString, options), circuit });
  const searching = guarded({ max: poolSize });
  const sealing = guarded({ max: SEALING_POOL, pipeline: true });
  const forLocks = { pipeline: true, timeout: `${CONNECT_MS}ms` };
  const locks = guarded({ ...forLocks, max: LOCKING_POOL, settings: [PLANNED_ONCE] });
  const holding = guarded({ ...forLocks, max: HOLDING_POOL, settings: [PLANNED_ONCE, HELD_BRIEFLY] });
  const db: Database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: translatingPool(searching) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  return {
    db,
    ask: (statement) => query(searching, statement),
    askLimits: (statement) => query(locks, statement),
    query: (statement) => query(sealing, statement),
    transaction: (work) => transaction(sealing, work),
    async locking(opening, reads, decide) {
      const { value, written } = await locking(locks, opening, reads, (answers) =>
        decide((answers.at(-1) ?? []) as Parameters<typeof decide>[0]),
      );
      const committed = written.then(() => undefined);
      committed.catch(() => undefined);
      return { value, committed };
    },
    lockedWrite: (opening, write) => lockedWrite(locks, opening, write),
    async sealUnderLock(opening, reads, decide) {
      const { value, written } = await locking(sealing, opening, reads, decide);
      return { value, written: await written };
    },
    hold: (taking, writes) => hold(holding, taking.join('; '), writes),
    check: () => circuit.check(),
    async close() {
      await Promise.all([db.destroy(), sealing.pool.end(), locks.pool.end(), holding.pool.end(), end()]);
    },
  };
}

/**
 * Names of statements that are prepared once per connection. Searches have many forms and would fill a connection, so they are not
 * prepared.
 */
const NAMED_MAX = 500;
const names = new Map<string, string>();

function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= NAMED_MAX) return null;
  const name = `s${names.size}`;
  names.set(text, name);
  return name;
}

/** A table was altered under a statement that a connection had prepared: only a new connection prepares it anew. */
const isStale = (error: unknown): boolean => error instanceof Error && error.message.includes('cached plan');

function translatingPool(guarded: Guarded): PostgresPool {
  const { pool, circuit } = guarded;
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const wrap = (client: pg.PoolClient): PostgresPoolClient => {
    let stale = false;
    return {
      query: (async (text: string, values: unknown[]) => {
        // Only one statement can be prepared, and migrations are several in one text, without values.
        const name = values.length === 0 ? null : nameOf(text);
        try {
          return await circuit.run(() =>
            name === null ? client.query(text, values) : client.query({ name, text, values }),
          );
        } catch (error) {
          // An abandoned query may still run on it.
          stale ||= isStale(error) || isUnavailable(error);
          throw translated(error);
        }
      }) as unknown as PostgresPoolClient['query'],
      release: () => client.release(stale),
    };
  };
  return {
    async connect() {
      const client = await connectTo(guarded);
      // Kysely knows a connection by its object: the same one must come back as the same.
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}
