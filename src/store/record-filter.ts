/** Search criteria for records, as conditions on rows of `log_entry`. */
import { sql, type RawBuilder } from 'kysely';

export interface RecordFilter {
  surface?: string | undefined;
  actor?: string | undefined;
  approver?: string | undefined;
  decision?: string | undefined;
  type?: string | undefined;
  action?: string | undefined;
  /** Of these actions, their ids with blanks between. */
  actions?: string | undefined;
  /** Their origin in words, for readers of the filter. It matches nothing. */
  sample?: string | undefined;
  /** RFC 3339, included. */
  from?: string | undefined;
  /** RFC 3339, not included. */
  to?: string | undefined;
  /** Text that the record contains, in any case. */
  q?: string | undefined;
}

/** `%` and `_` stand for themselves. */
const contains = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;

/** Conditions that must all hold, for the table or alias `table`. */
export function conditionsOf(filter: RecordFilter, table = 'logEntry'): RawBuilder<boolean>[] {
  const column = (name: string): RawBuilder<unknown> => sql.ref(`${table}.${name}`);
  const conditions: RawBuilder<boolean>[] = [];
  for (const name of ['surface', 'actor', 'approver', 'decision', 'type', 'action'] as const) {
    const value = filter[name];
    if (value !== undefined) conditions.push(sql<boolean>`${column(name)} = ${value}`);
  }
  if (filter.actions !== undefined)
    conditions.push(sql<boolean>`${column('action')} = any(${filter.actions.split(' ')})`);
  if (filter.from !== undefined) conditions.push(sql<boolean>`${column('at')} >= ${filter.from}`);
  if (filter.to !== undefined) conditions.push(sql<boolean>`${column('at')} < ${filter.to}`);
  if (filter.q !== undefined && filter.q !== '') {
    const envelope = column('envelope');
    const text = sql`convert_from(decode(convert_from(${envelope}, 'UTF8')::json ->> 'payload', 'base64'), 'UTF8')`;
    const hash = sql`'sha256:' || encode(${column('recordHash')}, 'hex')`;
    const pattern = contains(filter.q);
    conditions.push(sql<boolean>`(${text} ilike ${pattern} or ${hash} ilike ${pattern})`);
  }
  return conditions;
}
