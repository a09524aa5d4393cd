/** One connection to the owner's database, as a role that may do little. */
import pg from 'pg';
import type { SqlSettings } from '../settings.ts';

/** The database says no, or does not answer: `code` is the SQLSTATE, or null where there was no answer. */
export class DatabaseError extends Error {
  readonly code: string | null;
  constructor(code: string | null) {
    super(code === null ? 'the database does not answer' : `the database refuses it (${code})`);
    this.name = 'DatabaseError';
    this.code = code;
  }
  /** Whether another try may succeed: locks, deadlocks, serialisation, time-outs, and lost connections. */
  get passes(): boolean {
    return this.code === null || /^(40|55P03|57014|57P|53|08|25P03)/.test(this.code);
  }
}

/** The role may do more than change rows, which no counter would see. */
export class StrongRole extends Error {}

export interface Session {
  /** Parameters are always sent apart from the text, and the server refuses several statements. @throws DatabaseError */
  query(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** Rights whose use no counter sees. The role could truncate tables that it owns; rows of foreign tables are not counted. */
const STRONG = `
  select r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication
    or session_user <> current_user
    or exists (select from pg_roles p where p.rolname like 'pg\\_%' and p.rolname not like 'pg\\_read\\_all\\_%'
      and pg_has_role(r.oid, p.oid, 'member'))
    or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_'
        and (pg_has_role(r.oid, c.relowner, 'member') or has_table_privilege(c.oid, 'TRUNCATE')
          or (c.relkind = 'f' and has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')))) as strong
  from pg_roles r where r.rolname = current_user`;

/** @throws DatabaseError · StrongRole */
export async function openSession(address: string, { timeouts, schemas }: SqlSettings): Promise<Session> {
  const client = new pg.Client({
    connectionString: address,
    application_name: 'countersign',
    connectionTimeoutMillis: timeouts.connect * 1000,
    statement_timeout: timeouts.statement * 1000,
    lock_timeout: timeouts.lock * 1000,
    idle_in_transaction_session_timeout: timeouts.idle * 1000,
    // A server that is gone does not end its own statements.
    query_timeout: timeouts.statement * 1000 + 2000,
    types: { getTypeParser: (oid: number) => PARSERS[oid] ?? ((text: string | Buffer) => String(text)) },
  });
  client.on('error', () => undefined);
  const session: Session = {
    async query(text, values = []) {
      try {
        const config = { text, values: [...values], queryMode: 'extended' as const };
        return await client.query<Record<string, unknown>>(config);
      } catch (error) {
        throw asDatabaseError(error);
      }
    },
    close: () => client.end().catch(() => undefined),
  };
  try {
    await client.connect();
    const { rows } = await session.query(STRONG);
    if (rows[0]?.['strong'] !== false) throw new StrongRole();
    await session.query(`select set_config('search_path', $1, false)`, [schemas.join(', ')]);
    return session;
  } catch (error) {
    await session.close();
    if (error instanceof StrongRole) throw error;
    throw asDatabaseError(error);
  }
}

function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new DatabaseError(/^[0-9A-Z]{5}$/.test(code) ? code : null);
}

/** Values as JSON has them, where it keeps them exactly; all others as text. By the type's OID. */
const PARSERS: Readonly<Record<number, (text: string | Buffer) => unknown>> = {
  16: (text) => String(text) === 't',
  21: Number,
  23: Number,
  114: (text) => JSON.parse(String(text)) as unknown,
  3802: (text) => JSON.parse(String(text)) as unknown,
};
