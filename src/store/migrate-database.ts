import { sql } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import { migrate, missingSteps } from './migrate.ts';
import { openPostgres } from './postgres.ts';

export interface MigrateOptions {
  /** Says what is missing, and changes nothing. */
  check?: boolean;
  /** A role that is granted to read and write rows, but not to change tables. */
  grant?: string;
}

/** The allowed names of a role, because the name is put into a statement. */
const ROLE = /^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/;

/** Rights on rows only, not on tables or triggers. They also apply to the tables of later steps. */
const grants = (role: string): string[] => [
  `grant usage on schema public to "${role}"`,
  `grant select, insert, update, delete on all tables in schema public to "${role}"`,
  `grant usage, select on all sequences in schema public to "${role}"`,
  `alter default privileges in schema public grant select, insert, update, delete on tables to "${role}"`,
  `alter default privileges in schema public grant usage, select on sequences to "${role}"`,
];

/**
 * Brings a database up to this version, as the role that owns its tables.
 *
 * @returns The steps that were made; with `check` those that are missing.
 * @throws CountersignError `configuration`, `invalid-request` for a malformed role, `unavailable`
 */
export async function migrateDatabase(connectionString: string, options: MigrateOptions = {}): Promise<string[]> {
  const { check = false, grant } = options;
  if (grant !== undefined && !ROLE.test(grant))
    throw new CountersignError(
      'invalid-request',
      'the role has a name that PostgreSQL takes without quotes, and dashes; name another one',
    );
  const postgres = openPostgres(connectionString, 2);
  try {
    await postgres.query({ name: 'ping', text: 'select 1', values: [] });
    if (check) return await missingSteps(postgres.db);
    const made = await migrate(postgres.db);
    if (grant !== undefined) for (const statement of grants(grant)) await sql.raw(statement).execute(postgres.db);
    return made;
  } finally {
    await postgres.close();
  }
}
