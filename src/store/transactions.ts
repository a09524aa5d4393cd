/** Statements and transactions on a pool of connections. */
import type pg from 'pg';
import type { Circuit } from '../availability/index.ts';
import { isUnavailable, translated } from './outage.ts';

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

/** A transaction that is open. One of its ends must be called, once. */
export interface OpenTransaction {
  /** What each statement returned. */
  rows: unknown[][];
  /** Resolves when it is on disk. Whether it is, is unknown where this fails. */
  commit(): Promise<void>;
  /** Never rejects: a connection that cannot roll back is closed, and the server does it. */
  rollback(): Promise<void>;
}

/** A pool behind the circuit of its server. */
export interface Guarded {
  pool: pg.Pool;
  circuit: Circuit;
}

export async function connectTo({ pool, circuit }: Guarded): Promise<pg.PoolClient> {
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

export async function query<Row>(guarded: Guarded, statement: Statement): Promise<Row[]> {
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

export async function locking<T>(
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

export async function lockedWrite<Row>(guarded: Guarded, opening: string, write: Statement): Promise<Row[]> {
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

export async function hold(guarded: Guarded, opening: string, writes: readonly Statement[]): Promise<OpenTransaction> {
  const client = await connectTo(guarded);
  const { circuit } = guarded;
  try {
    const [, ...answers] = await circuit.run(() => together(client, [`begin; ${opening}`, ...writes]));
    return {
      rows: answers.map(({ rows }) => rows as unknown[]),
      async commit() {
        try {
          await circuit.run(() => client.query('commit'));
          client.release();
        } catch (error) {
          await undo(client, error);
        }
      },
      async rollback() {
        const isBroken = await client.query('rollback').then(
          () => false,
          () => true,
        );
        client.release(isBroken);
      },
    };
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

export async function transaction<T>(guarded: Guarded, work: (connection: Connection) => Promise<T>): Promise<T> {
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
