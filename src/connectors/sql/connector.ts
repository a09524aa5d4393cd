/**
 * Executes one statement in a PostgreSQL database of the owner's. Before it is judged, a statement that changes rows is tried out in a
 * transaction that is rolled back, and what changed is counted. When it is executed and changes more than was judged, it is rolled back.
 */
import { z } from 'zod';
import { hashOf } from '../../canonical/index.ts';
import {
  rowsInWords,
  type ActionRequest,
  type ExecutionFact,
  type JsonObject,
  type TableFact,
} from '../../contract/index.ts';
import type { Connector, ConnectorAnswer, ConnectorRun } from '../../engine/connectors.ts';
import type { Secrets } from '../secrets.ts';
import type { SqlSettings } from '../settings.ts';
import { beyond, counters, difference, TABLES_MAX, totals } from './count.ts';
import { readRows, rowsOf } from './rows.ts';
import { DatabaseError, openSession, StrongRole, type Session } from './session.ts';
import { isReading, statementOf, type SqlStatement } from './statement.ts';

const STRONG_ROLE =
  'the role of the connector may do more than change rows: it is a superuser, owns or may empty a table, writes foreign tables, or has a role of the server';

export function createSqlConnector(settings: SqlSettings, secrets: Secrets): Connector {
  const { name: connector, timeouts } = settings;
  const known = { connector, settings: hashOf(settings) };
  const open = (): Promise<Session> => openSession(secrets.read(settings.database), settings);

  const measure = async (request: ActionRequest): Promise<{ fact: ExecutionFact } | { fault: string }> => {
    const statement = await statementOf(request, settings);
    if ('fault' in statement) return statement;
    const { kind, writes } = statement;
    if (isReading(statement)) return { fact: { ...known, statement: kind, writes, ...totals([]), tables: [] } };
    try {
      const tables = await rehearse(open, statement);
      if (tables.length > TABLES_MAX) return { fault: `the statement changes more than ${TABLES_MAX} tables` };
      return { fact: { ...known, statement: kind, writes, ...totals(tables), tables } };
    } catch (error) {
      if (error instanceof StrongRole) return { fault: STRONG_ROLE };
      if (error instanceof DatabaseError) return { fault: `the statement could not be tried out: ${error.message}` };
      throw error;
    }
  };

  const execute = async (run: ConnectorRun): Promise<ConnectorAnswer> => {
    const { request, fact, attempt } = run;
    if (fact.settings !== known.settings) return failed('the connector’s settings changed since it was judged');
    const statement = await statementOf(request, settings);
    if ('fault' in statement) return failed(statement.fault);
    if (statement.kind !== fact.statement || statement.writes.join() !== (fact.writes ?? []).join()) {
      return failed('it is another kind of statement than was judged');
    }
    try {
      const session = await open();
      try {
        const answer = isReading(statement)
          ? await readOnly(session, statement, settings.rows)
          : await change(session, statement, run, settings.rows);
        return 'result' in answer ? { ...answer, result: secrets.scrub(answer.result ?? {}) } : answer;
      } finally {
        await session.close();
      }
    } catch (error) {
      if (error instanceof StrongRole) return failed(STRONG_ROLE);
      if (!(error instanceof DatabaseError)) throw error;
      if (!error.passes) return failed(error.message, `sqlstate ${error.code ?? ''}`);
      // The next attempt finds out whether it was committed, by the transaction's number.
      return { status: attempt < settings.attempts ? 'again' : 'unknown', why: error.message };
    }
  };

  return { timeoutMs: (timeouts.connect + 6 * timeouts.statement) * 1000, measure, execute };
}

const failed = (detail: string, reference: string | null = null): ConnectorAnswer => ({
  status: 'failed',
  reference,
  detail,
});

/** What would change. Meanwhile locks are taken, triggers run and sequences move. Only the sequences stay changed. */
async function rehearse(open: () => Promise<Session>, statement: SqlStatement): Promise<TableFact[]> {
  const session = await open();
  try {
    await session.query('begin isolation level read committed');
    const { tables } = await run(session, statement);
    await session.query('rollback');
    return tables;
  } finally {
    await session.close();
  }
}

/** Executes it in the open transaction, and counts. Deferred constraints and triggers run now, so that their changes count too. */
async function run(session: Session, { sql, values }: SqlStatement) {
  const before = await counters(session);
  const answer = await session.query(sql, values);
  await session.query('set constraints all immediate');
  return { answer, tables: difference(before, await counters(session)) };
}

async function readOnly(session: Session, statement: SqlStatement, most: number): Promise<ConnectorAnswer> {
  await session.query('begin isolation level read committed read only');
  const result = await readRows(session, statement, most);
  await session.query('rollback');
  return { status: 'executed', reference: `${String(result['count'])} rows read`, detail: 'rows were read', result };
}

async function change(
  session: Session,
  statement: SqlStatement,
  { fact, before, note }: ConnectorRun,
  most: number,
): Promise<ConnectorAnswer> {
  const earlier = await outcomeOf(session, before);
  if (earlier !== null) return earlier;
  await session.query('begin isolation level read committed');
  const { rows } = await session.query('select pg_current_xact_id()::text as id');
  const id = String(rows[0]?.['id']);
  // Noted before anything changes, so that an attempt after a crash can ask the database about this transaction.
  await note({ transaction: id });
  const { answer, tables } = await run(session, statement);
  const over = beyond(tables, fact.tables ?? []);
  if (over !== null) {
    await session.query('rollback');
    return failed(
      `rolled back: more rows of ${over} would change than were judged (${rowsInWords(tables)})`,
      'rolled back',
    );
  }
  const done = doneWith(tables, rowsOf(answer.rows, most));
  await note({ transaction: id, tables: tables.map((table) => ({ ...table })) });
  await session.query('commit');
  return done;
}

function doneWith(tables: readonly TableFact[], result: JsonObject): ConnectorAnswer {
  const { rows } = totals(tables);
  const returned = result['count'] === 0 ? {} : { result };
  return {
    status: 'executed',
    reference: `${rows} rows changed`,
    detail: `changed ${rowsInWords(tables)}`.slice(0, 1500),
    ...returned,
  };
}

/** The result of the transaction of an earlier attempt; null where it was rolled back, so that it is repeated. */
async function outcomeOf(session: Session, before: JsonObject | null): Promise<ConnectorAnswer | null> {
  const id = before?.['transaction'];
  if (typeof id !== 'string') return null;
  const { rows } = await session.query('select pg_xact_status($1::xid8) as status', [id]);
  switch (rows[0]?.['status']) {
    case 'aborted':
      return null;
    case 'committed':
      return doneWith(tablesOf(before), rowsOf([], 0));
    case 'in progress':
      return { status: 'again', why: 'an earlier attempt still runs in the database' };
    default:
      return { status: 'unknown', why: 'the database no longer knows what became of an earlier attempt' };
  }
}

const notedTables = z.array(
  z.strictObject({ table: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number() }),
);

const tablesOf = (note: JsonObject | null): TableFact[] => notedTables.safeParse(note?.['tables']).data ?? [];
