/** The statement of a request: `params.sql`, and the values of its `$1`, `$2` … in `params.values`. */
import type { ActionRequest, Json } from '../../contract/index.ts';
import type { SqlSettings } from '../settings.ts';
import { narrow, type Narrowed } from './narrow.ts';

export interface SqlStatement extends Narrowed {
  sql: string;
  values: Scalar[];
}

type Scalar = string | number | boolean | null;

/** The last that a server counts: its protocol numbers them in 16 bits. */
const VALUES_MAX = 1000;

const isScalar = (value: Json): value is Scalar => typeof value !== 'object' || value === null;

/** What would be executed, or why it never is. */
export async function statementOf(
  { params = {} }: ActionRequest,
  settings: Pick<SqlSettings, 'functions' | 'statements'>,
): Promise<SqlStatement | { fault: string }> {
  const { sql, values = [] } = params;
  if (typeof sql !== 'string' || sql.trim() === '') return { fault: '`params.sql` is no statement' };
  if (!Array.isArray(values) || values.length > VALUES_MAX || !values.every(isScalar)) {
    return { fault: `\`params.values\` is no list of at most ${VALUES_MAX} texts, numbers, truth values and nulls` };
  }
  const narrowed = await narrow(sql, settings);
  if ('fault' in narrowed) return narrowed;
  if (narrowed.parameters !== values.length) {
    return { fault: '`params.values` has not as many values as the statement has parameters' };
  }
  return { ...narrowed, sql, values };
}

/** By its text it changes no row; the database is told to enforce that. */
export const isReading = ({ kind, writes }: Narrowed): boolean => kind === 'select' && writes.length === 0;
