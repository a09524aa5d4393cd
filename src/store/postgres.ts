/** The connections to PostgreSQL, and how unanswered queries fail. */
import pg from 'pg';
import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { createCircuit, within, type Circuit } from '../availability/index.ts';
import { CountersignError } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';

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

/** SQLSTATE classes that say the server cannot answer now, not that the question was wrong. */
const UNAVAILABLE_STATES = /^(08|53|57P|58)|^(25006|25P03|55000)$/;
/** A statement that was cancelled: it took too long, or an administrator ended it. The server is well. */
const CANCELLED_STATE = '57014';
/** As many are connected as the server lets in. Whoever operates it can mend that, if told. */
const FULL_STATE = '53300';
const UNAVAILABLE_MESSAGES =
  /connection terminated|timeout exceeded|connection ended|not queryable|connection error|cached plan/i;

/** True when the database could not be asked, or died while it answered: whether a write happened is then unknown. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CountersignError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNAVAILABLE_STATES.test(code) || /^E[A-Z]+$/.test(code) || UNAVAILABLE_MESSAGES.test(error.message);
}

/**
 * Maps every failure to reach the database to one error that fails closed, and a cancelled statement to another. Other errors stay as they
 * are.
 */
export function translated(error: unknown): unknown {
  if (error instanceof CountersignError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === CANCELLED_STATE) {
    return new CountersignError(
      'unavailable',
      'the database gave this question up before it was answered; nothing was released. try again, or ask for less at once',
      { cause: error },
    );
  }
  if (!isUnavailable(error)) return error;
  const why =
    code === FULL_STATE
      ? 'the database has no connection to spare; nothing was released. try again. its operator raises `max_connections` (docs/operations.md)'
      : 'the database cannot be reached; nothing was released. try again';
  return new CountersignError('unavailable', why, { cause: error });
}

/** A query with a name is prepared once per connection. */
export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

export interface Connection {
  query<Row>(statement: Statement | string): Promise<Row[]>;
}

/** The result of a transaction, and a promise that resolves when it is committed and rejects if it was not. */
export interface Committing<T> {
  value: T;
  committed: Promise<void>;
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
  turn<T>(
    opening: string,
    reads: readonly Statement[],
    decide: (rows: unknown[][]) => Promise<{ value: T; write: Statement }>,
  ): Promise<{ value: T; written: unknown[] }>;
  /** Resolves when the server answers now, rejects within a second when it does not. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Connections for sealing: one per log is in use at a time, and never waits behind a search or a limit's lock. */
const SEALING_POOL = 4;
/** Connections for locks: a query that waits for one would wait for the lock's holder anyway. */
const LOCKING_POOL = 6;

/** A query that takes too long is cancelled, and a process that stopped inside a transaction loses its locks. */
const timeouts = (statement: string): string =>
  `set statement_timeout = '${statement}'; set idle_in_transaction_session_timeout = '20s'`;

/**
 * Each statement is planned once per connection. Of one that is given arrays PostgreSQL would otherwise expect more rows than come, and plan
 * it anew each time, which takes longer than to run it. A plan may be made while its tables are empty, so it goes by their indexes.
 */
const PLANNED_ONCE = `set plan_cache_mode = 'force_generic_plan'; set enable_seqscan = off`;

/** How long a connection may take to be made, in milliseconds. */
const CONNECT_MS = 4000;

interface PoolOptions {
  max: number;
  pipeline?: boolean;
  /** Whether the plan of a statement is the same for all values. */
  plannedOnce?: boolean;
  /** Of one statement, in PostgreSQL's words. */
  timeout?: string;
}

function createPool(
  connectionString: string,
  { max, pipeline = false, plannedOnce = false, timeout = '30s' }: PoolOptions,
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
      await client.query(plannedOnce ? `${timeouts(timeout)}; ${PLANNED_ONCE}` : timeouts(timeout));
    },
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  // The server closed an idle connection. The pool drops it, and the next query reports the fault.
  pool.on('error', () => undefined);
  // A connection that breaks between two queries of a transaction has nobody waiting for it. Its next query fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A pool behind the circuit of its server. */
interface Guarded {
  pool: pg.Pool;
  circuit: Circuit;
}

async function connectTo({ pool, circuit }: Guarded): Promise<pg.PoolClient> {
  let connecting: Promise<pg.PoolClient> | undefined;
  try {
    return await circuit.run(() => (connecting = pool.connect()));
  } catch (error) {
    // Nobody waits for this connection any more, so it goes back as soon as it opens.
    connecting?.then(
      (client) => client.release(),
      () => undefined,
    );
    throw translated(error);
  }
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
  const locks = guarded({ max: LOCKING_POOL, pipeline: true, plannedOnce: true, timeout: `${CONNECT_MS}ms` });
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
    async turn(opening, reads, decide) {
      const { value, written } = await locking(sealing, opening, reads, decide);
      return { value, written: await written };
    },
    check: () => circuit.check(),
    async close() {
      await Promise.all([db.destroy(), sealing.pool.end(), locks.pool.end(), end()]);
    },
  };
}

async function query<Row>(guarded: Guarded, statement: Statement): Promise<Row[]> {
  const client = await connectTo(guarded);
  try {
    const { rows } = await guarded.circuit.run(() => client.query(statement));
    client.release();
    return rows as Row[];
  } catch (error) {
    client.release(isUnavailable(error));
    throw translated(error);
  }
}

async function locking<T>(
  guarded: Guarded,
  opening: string,
  reads: readonly Statement[],
  decide: (rows: unknown[][]) => Promise<{ value: T; write: Statement | null }>,
): Promise<{ value: T; written: Promise<unknown[]> }> {
  const client = await connectTo(guarded);
  const { circuit } = guarded;
  const sent = (statements: readonly (Statement | string)[]) => circuit.run(() => together(client, statements));
  try {
    // Each statement is sent behind the one before it. Being separate, it sees what the previous holder of the locks has committed.
    const [, ...answers] = await sent([`begin; ${opening}`, ...reads]);
    const { value, write } = await decide(answers.map(({ rows }) => rows as unknown[]));
    const written = sent([...(write === null ? [] : [write]), 'commit']).then(
      ([answer]) => {
        client.release();
        return answer?.rows ?? [];
      },
      (error: unknown) => undo(client, error),
    );
    written.catch(() => undefined);
    return { value, written };
  } catch (error) {
    return undo(client, error);
  }
}

async function lockedWrite<Row>(guarded: Guarded, opening: string, write: Statement): Promise<Row[]> {
  const client = await connectTo(guarded);
  try {
    const sent = [`begin; ${opening}`, write, 'commit'];
    const [, answer] = await guarded.circuit.run(() => together(client, sent));
    client.release();
    return (answer?.rows ?? []) as Row[];
  } catch (error) {
    return undo(client, error);
  }
}

/** Rolls back and releases the connection. A connection that fails to roll back may still hold a lock, so it is closed. */
async function undo(client: pg.PoolClient, error: unknown): Promise<never> {
  let broken = isUnavailable(error);
  if (!broken) await client.query('rollback').catch(() => (broken = true));
  client.release(broken);
  throw translated(error);
}

function inOneWrite(client: pg.PoolClient, statements: readonly (Statement | string)[]): Promise<pg.QueryResult>[] {
  const { stream } = client.connection;
  stream.cork();
  try {
    return statements.map((statement) => client.query(statement));
  } finally {
    stream.uncork();
  }
}

/** Sends all in one write to the socket, and waits for all to end, because a connection must be returned idle. */
async function together(client: pg.PoolClient, statements: readonly (Statement | string)[]): Promise<pg.QueryResult[]> {
  const ended = await Promise.allSettled(inOneWrite(client, statements));
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

async function transaction<T>(guarded: Guarded, work: (connection: Connection) => Promise<T>): Promise<T> {
  const client = await connectTo(guarded);
  const ask = (statement: Statement | string) => guarded.circuit.run(() => client.query(statement));
  try {
    await ask('begin');
    const value = await work({
      query: async <Row>(statement: Statement | string) => (await ask(statement)).rows as Row[],
    });
    await ask('commit');
    client.release();
    return value;
  } catch (error) {
    return undo(client, error);
  }
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
