/** Tables as Kysely sees them, and the connections. Columns are snake case in SQL and camel case here. */
import pg from 'pg';
import {
  CamelCasePlugin,
  Kysely,
  PostgresDialect,
  type ColumnType,
  type Generated,
  type PostgresPool,
  type PostgresPoolClient,
} from 'kysely';
import { CountersignError } from '../contract/index.ts';

/** `timestamptz`: RFC 3339 UTC with milliseconds, both ways. */
type Time = string;
/** `json`, kept as the very text that was written: `jsonb` would reorder keys and refuse U+0000. */
type JsonColumn = ColumnType<unknown, string, string>;
/** `numeric`: exact, as text. */
type Exact = string;

export interface Tables {
  actionPayload: { tenant: string; action: string; wrappedKey: Buffer; ciphertext: Buffer };
  action: {
    tenant: string;
    id: string;
    status: string;
    surface: string;
    actor: string;
    requester: string;
    bundle: string | null;
    view: JsonColumn;
    sealedPermit: string | null;
    createdAt: Time;
    updatedAt: Time;
    expiresAt: Time | null;
    retainUntil: Time | null;
  };
  permit: {
    tenant: string;
    jti: string;
    action: string;
    audience: string;
    requestHash: string;
    expiresAt: Time;
    redeemedAt: Time | null;
  };
  limitDecision: { tenant: string; action: string; value: JsonColumn; at: Time };
  limitReservation: {
    tenant: string;
    action: string;
    slot: Buffer;
    limitName: string;
    amount: Exact;
    at: Time;
  };
  apiKey: {
    id: string;
    tenant: string;
    hash: string;
    surfaces: string[];
    actors: string[];
    roles: string[];
    groups: string[];
    createdAt: Time;
    revokedAt: Time | null;
  };
  slackMessage: {
    tenant: string;
    action: string;
    workspace: string;
    channel: string;
    ts: string;
    kind: string;
    person: string | null;
    shownHash: string;
    revision: number;
  };
  attempt: {
    id: Generated<number>;
    tenant: string;
    action: string;
    by: string;
    door: string;
    code: string;
    at: Time;
  };
  bundle: { tenant: string; hash: string; source: JsonColumn };
  bundleActivation: { id: Generated<number>; tenant: string; hash: string; by: string; at: Time; record: string };
  freeze: {
    id: string;
    tenant: string;
    scope: string;
    value: string | null;
    reason: string;
    by: string;
    at: Time;
    liftedAt: Time | null;
    liftedBy: string | null;
  };
  delegation: {
    id: string;
    tenant: string;
    fromPerson: string;
    toPerson: string;
    surfaces: string[];
    startsAt: Time;
    endsAt: Time;
    revokedAt: Time | null;
  };
  review: {
    id: string;
    tenant: string;
    action: string;
    openedAt: Time;
    dueAt: Time;
    /** On whose word it was released. */
    by: string | null;
    status: string;
    view: JsonColumn;
  };
  passkey: {
    tenant: string;
    id: string;
    person: string;
    credential: string;
    record: string;
    name: string | null;
    transports: string[];
    signCount: number;
    lastUsed: string | null;
    createdAt: Time;
    createdBy: string;
    revokedAt: Time | null;
    revokedBy: string | null;
  };
  passkeyChallenge: { tenant: string; challenge: string; person: string; expiresAt: Time };
  publicKey: {
    tenant: string;
    use: string;
    kid: string;
    key: JsonColumn;
    since: Time;
    until: Time | null;
    revokedAt: Time | null;
    revokedFrom: number | null;
  };
  keyEvent: { tenant: string; seq: number; receipt: JsonColumn };
  logHead: { tenant: string; size: number; frontier: Buffer; root: Buffer; checkpoint: string };
  logEntry: {
    tenant: string;
    index: number;
    action: string;
    seq: number;
    type: string;
    recordHash: Buffer;
    leafHash: Buffer;
    envelope: Buffer;
    at: Time;
    surface: string | null;
    actor: string | null;
    approver: string | null;
    decision: string | null;
    policy: string | null;
    rule: string | null;
  };
  logTile: { tenant: string; level: number; index: number; hashes: Buffer };
  logCosignature: { tenant: string; size: number; witness: string; checkpoint: string; line: string; at: Time };
  logAnchor: { tenant: string; anchor: string; size: number; at: Time };
}

export type Database = Kysely<Tables>;

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** `bigint` as a number (every count here is below 2^53), `timestamptz` as RFC 3339 UTC. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8) return Number;
  if (oid === TIMESTAMPTZ) return (text: string): string => new Date(text).toISOString();
  return pg.types.getTypeParser(oid, format as 'text');
}

/** SQLSTATE classes that say the server cannot answer now, not that the question was wrong. */
const UNAVAILABLE_STATES = /^(08|53|57|58)|^(25006|25P03|55000)$/;
const UNAVAILABLE_MESSAGES =
  /connection terminated|timeout exceeded|connection ended|not queryable|connection error|cached plan/i;

/** True when the database could not be asked, or died while it answered: whether a write happened is then unknown. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CountersignError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNAVAILABLE_STATES.test(code) || /^E[A-Z]+$/.test(code) || UNAVAILABLE_MESSAGES.test(error.message);
}

/** Every failure to reach the database becomes one error that fails closed; all else stays what it is. */
function translated(error: unknown): unknown {
  if (error instanceof CountersignError || !isUnavailable(error)) return error;
  return new CountersignError('unavailable', 'the database cannot be reached; nothing was released. try again', {
    cause: error,
  });
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

/** What a transaction came to, and when it is committed; that rejects when it was not. */
export interface Committing<T> {
  value: T;
  committed: Promise<void>;
}

export interface Postgres {
  db: Database;
  /** One statement on a connection for sealing: its own transaction. */
  query<Row>(statement: Statement): Promise<Row[]>;
  /** One transaction on a connection for sealing; rolled back when `work` throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /**
   * Takes locks, reads, and writes what `decide` makes of it, if anything: one transaction in two round trips, on a connection of its
   * own kind, where waiting for a lock holds up nothing else. `opening` is sent with `begin`, as it is: nothing of a caller may be in it.
   *
   * Answers as soon as it is decided; nothing may rest on it before `committed`.
   */
  locking<Row, T>(
    opening: string,
    read: Statement,
    decide: (rows: Row[]) => Promise<{ value: T; write: Statement | null }>,
  ): Promise<Committing<T>>;
  close(): Promise<void>;
}

/** Connections for sealing: one per log is in use at a time, and never waits behind a search or a limit's lock. */
const SEALING_POOL = 4;
/** Connections for locks: who waits for one waits behind the lock's holder in any case. */
const LOCKING_POOL = 6;

/** A question that takes too long is given up, and a process that stopped inside a transaction gives its locks back. */
const TIMEOUTS = `set statement_timeout = '30s'; set idle_in_transaction_session_timeout = '20s'`;

function createPool(connectionString: string, max: number, pipeline = false): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    pipeline,
    // A server that accepts and then says nothing must not hold a request for ever.
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    application_name: 'countersign',
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- pg-pool waits for it, though its types do not say so
    onConnect: async (client) => {
      await client.query(TIMEOUTS);
    },
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  // A server that goes away under an idle connection: the pool drops it, and the next query says what is wrong.
  pool.on('error', () => undefined);
  // One that goes away between two queries of a transaction has nobody waiting for an answer: its next query fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

async function connectTo(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw translated(error);
  }
}

export function openPostgres(connectionString: string, poolSize: number): Postgres {
  const pool = createPool(connectionString, poolSize);
  const sealing = createPool(connectionString, SEALING_POOL);
  const locks = createPool(connectionString, LOCKING_POOL, true);
  const db: Database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: translatingPool(pool) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  return {
    db,
    async query<Row>(statement: Statement) {
      try {
        return (await sealing.query(statement)).rows as Row[];
      } catch (error) {
        throw translated(error);
      }
    },
    transaction: (work) => transaction(sealing, work),
    locking: (opening, read, decide) => locking(locks, opening, read, decide),
    async close() {
      await Promise.all([db.destroy(), sealing.end(), locks.end()]);
    },
  };
}

async function locking<Row, T>(
  pool: pg.Pool,
  opening: string,
  read: Statement,
  decide: (rows: Row[]) => Promise<{ value: T; write: Statement | null }>,
): Promise<Committing<T>> {
  const client = await connectTo(pool);
  try {
    // The second is sent behind the first, and is a statement of its own: it sees what whoever held the locks has committed.
    const [, { rows }] = await together(client.query(`begin; ${opening}`), client.query(read));
    const { value, write } = await decide(rows as Row[]);
    const ended = together(write === null ? null : client.query(write), client.query('commit'));
    const committed = ended.then(
      () => client.release(),
      (error: unknown) => undo(client, error),
    );
    committed.catch(() => undefined);
    return { value, committed };
  } catch (error) {
    return undo(client, error);
  }
}

/** Rolls back and gives the connection up. One that cannot even do that may still hold a lock: closing it is what gives the lock back. */
async function undo(client: pg.PoolClient, error: unknown): Promise<never> {
  let broken = false;
  await client.query('rollback').catch(() => (broken = true));
  client.release(broken);
  throw translated(error);
}

/** Both, after both have ended: a connection is given back with nothing under way. */
async function together<A, B>(first: Promise<A> | null, second: Promise<B>): Promise<[A | null, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

async function transaction<T>(pool: pg.Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const client = await connectTo(pool);
  try {
    await client.query('begin');
    const value = await work({
      query: async <Row>(statement: Statement | string) => (await client.query(statement)).rows as Row[],
    });
    await client.query('commit');
    client.release();
    return value;
  } catch (error) {
    return undo(client, error);
  }
}

/** Names of statements that are prepared once per connection; a search with many forms must not fill a connection with them. */
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

function translatingPool(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const wrap = (client: pg.PoolClient): PostgresPoolClient => {
    let stale = false;
    return {
      query: (async (text: string, values: unknown[]) => {
        // Only one statement can be prepared, and migrations are several in one text, without values.
        const name = values.length === 0 ? null : nameOf(text);
        try {
          return await (name === null ? client.query(text, values) : client.query({ name, text, values }));
        } catch (error) {
          stale ||= isStale(error);
          throw translated(error);
        }
      }) as unknown as PostgresPoolClient['query'],
      release: () => client.release(stale),
    };
  };
  return {
    async connect() {
      const client = await connectTo(pool);
      // Kysely knows a connection by its object: the same one must come back as the same.
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}
