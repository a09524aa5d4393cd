/** Governed actions, for the comparison with statements of other systems. */
import { sql } from 'kysely';
import type { StatementKey } from '../audit/index.ts';
import type { ActionFact } from './action-fact.ts';
import type { Database } from './database.ts';

export interface ExecutedIn {
  /** RFC 3339, of the report: included. */
  from: string;
  /** RFC 3339, not included. */
  to: string;
  surface: string | undefined;
}

export interface EffectStore {
  /** Actions that have one of these keys, in the order in which they were asked for, with the key of each. */
  byKeys(
    tenant: string,
    by: StatementKey,
    keys: readonly string[],
    surface: string | undefined,
  ): Promise<{ key: string; fact: ActionFact }[]>;
  /** Actions that were reported as executed in a period, in pages, by position in the log. */
  executed(tenant: string, filter: ExecutedIn, after: number, limit: number): Promise<ActionFact[]>;
}

const COLUMNS = {
  reference: sql<string>`reference`,
  action: sql<string>`action`,
  // A resource is found with its type and without.
  resource: sql<string>`regexp_replace(resource, '^\\S+ ', '')`,
} as const satisfies Record<StatementKey, unknown>;

export function createEffectStore(db: Database): EffectStore {
  return {
    async byKeys(tenant, by, keys, surface) {
      let query = db
        .selectFrom('actionFact')
        .selectAll()
        .select(COLUMNS[by].as('key'))
        .where('tenant', '=', tenant)
        .where(sql<boolean>`${COLUMNS[by]} = any(${keys}::text[])`);
      if (surface !== undefined) query = query.where('surface', '=', surface);
      const rows = await query.orderBy('firstIndex').execute();
      return rows.map(({ key, ...fact }) => ({ key, fact }));
    },
    executed(tenant, { from, to, surface }, after, limit) {
      let query = db
        .selectFrom('actionFact')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('status', '=', 'executed')
        .where('endedAt', '>=', from)
        .where('endedAt', '<', to)
        .where('firstIndex', '>', after);
      if (surface !== undefined) query = query.where('surface', '=', surface);
      return query.orderBy('firstIndex').limit(limit).execute();
    },
  };
}
