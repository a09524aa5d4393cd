/** The findings of the finance tests, by quarter, with people's answers. All of it can be rebuilt from the log. */
import { sql, type Selectable } from 'kysely';
import { hashOf } from '../canonical/index.ts';
import type { JsonObject, OtherRecord } from '../contract/index.ts';
import type { Database, Tables } from './database.ts';
import type { ActionFact } from './action-fact.ts';

export interface StoredFinding {
  id: string;
  period: string;
  test: string;
  version: number;
  actions: string[];
  surfaces: string[];
  /** RFC 3339, when the first and the last of its actions were asked for. */
  firstAt: string;
  lastAt: string;
  figures: Record<string, string | number>;
  sentence: string;
}

/** A person's answer to a finding, from its sealed record. */
export interface FindingAnswer {
  finding: string;
  seq: number;
  index: number;
  /** Hash of the record. */
  record: string;
  at: string;
  by: string;
  reason: string;
  body: JsonObject;
}

/** A quarter, and how far the log was read for its findings. */
export interface FindingPeriod {
  period: string;
  /** Entries of the log at which one of its actions changed last. */
  grown: number;
  /** Entries of the log that its findings include. */
  computed: number;
  computedAt: string | null;
  /** Actions that the tests looked at. */
  actions: number;
  /** True where there were more actions than the tests look at. */
  cut: boolean;
}

export interface FindingFilter {
  from: string;
  to: string;
  test?: string | undefined;
  surface?: string | undefined;
  /** One that names this action. */
  action?: string | undefined;
}

export interface FindingStore {
  /** Newest last action first, `limit` at most. */
  list(tenant: string, filter: FindingFilter, limit: number): Promise<StoredFinding[]>;
  get(tenant: string, id: string): Promise<StoredFinding | null>;
  periods(tenant: string): Promise<FindingPeriod[]>;
  of(tenant: string, period: string): Promise<StoredFinding[]>;
  /** Replaces a quarter's findings, unless another process has read more of the log. */
  replace(tenant: string, period: Omit<FindingPeriod, 'grown'>, findings: readonly StoredFinding[]): Promise<void>;
  /** Every answer, oldest first. @param findings those about these alone */
  answers(tenant: string, findings?: readonly string[]): Promise<FindingAnswer[]>;
}

const stored = ({ tenant: _tenant, figures, ...row }: Selectable<Tables['finding']>): StoredFinding => ({
  ...row,
  figures: figures as StoredFinding['figures'],
});

export function createFindingStore(db: Database): FindingStore {
  return {
    async list(tenant, { from, to, test, surface, action }, limit) {
      let query = db
        .selectFrom('finding')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('lastAt', '>=', from)
        .where('firstAt', '<', to);
      if (test !== undefined) query = query.where('test', '=', test);
      if (surface !== undefined) query = query.where(sql<boolean>`surfaces @> array[${surface}]`);
      if (action !== undefined) query = query.where(sql<boolean>`actions @> array[${action}]`);
      const rows = await query.orderBy('lastAt', 'desc').orderBy('id').limit(limit).execute();
      return rows.map(stored);
    },
    async get(tenant, id) {
      const query = db.selectFrom('finding').selectAll().where('tenant', '=', tenant).where('id', '=', id);
      const row = await query.orderBy('period', 'desc').limit(1).executeTakeFirst();
      return row === undefined ? null : stored(row);
    },
    async periods(tenant) {
      const rows = await db
        .selectFrom('findingPeriod')
        .selectAll()
        .where('tenant', '=', tenant)
        .orderBy('period')
        .execute();
      return rows.map(({ tenant: _tenant, ...row }) => row);
    },
    async of(tenant, period) {
      const rows = await db
        .selectFrom('finding')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('period', '=', period)
        .orderBy('id')
        .execute();
      return rows.map(stored);
    },
    async replace(tenant, { period, ...computed }, findings) {
      await db.transaction().execute(async (on) => {
        const { numUpdatedRows } = await on
          .updateTable('findingPeriod')
          .set(computed)
          .where('tenant', '=', tenant)
          .where('period', '=', period)
          .where('computed', '<=', computed.computed)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return;
        await on.deleteFrom('finding').where('tenant', '=', tenant).where('period', '=', period).execute();
        for (let at = 0; at < findings.length; at += ROWS) {
          const rows = findings.slice(at, at + ROWS);
          await on
            .insertInto('finding')
            .values(rows.map((one) => ({ ...one, tenant, figures: JSON.stringify(one.figures) })))
            .execute();
        }
      });
    },
    async answers(tenant, findings) {
      let query = db.selectFrom('findingAnswer').selectAll().where('tenant', '=', tenant);
      if (findings !== undefined) query = query.where('finding', '=', sql<string>`any(${findings}::text[])`);
      const rows = await query.orderBy('index').execute();
      return rows.map(({ tenant: _tenant, body, ...row }) => ({ ...row, body: body as JsonObject }));
    },
  };
}

/** Rows of one statement: PostgreSQL takes 65,535 values. */
const ROWS = 500;

/** The chain of a finding's answers. */
export const findingChain = (id: string): string => `finding:${id}`;

/** Notes which quarters have to be computed again: those of the rows, and the ones after them, which look back at the previous quarter. */
export async function noteGrown(
  on: Database,
  tenant: string,
  facts: readonly Pick<ActionFact, 'askedAt'>[],
  quarterOf: (at: string) => string,
  size: number,
): Promise<void> {
  const quarters = [...new Set(facts.map(({ askedAt }) => quarterOf(askedAt)))].sort();
  for (const period of quarters) {
    await on
      .insertInto('findingPeriod')
      .values({ tenant, period, grown: size, computed: 0, computedAt: null, actions: 0, cut: false })
      .onConflict((conflict) => conflict.columns(['tenant', 'period']).doUpdateSet({ grown: size }))
      .execute();
    await sql`update finding_period set grown = ${size} where tenant = ${tenant} and period =
      (select min(period) from finding_period where tenant = ${tenant} and period > ${period})`.execute(on);
  }
}

/** Stores the answers to findings from sealed records. */
export async function keepAnswers(
  on: Database,
  tenant: string,
  records: readonly { index: number; record: OtherRecord }[],
): Promise<void> {
  for (const { index, record } of records) {
    const { body, ...answer } = answerOf(index, record);
    await on
      .insertInto('findingAnswer')
      .values({ ...answer, tenant, body: JSON.stringify(body) })
      .onConflict((conflict) => conflict.columns(['tenant', 'finding', 'seq']).doNothing())
      .execute();
  }
}

/** The answer to a finding in a sealed record. */
export function answerOf(index: number, record: OtherRecord): FindingAnswer {
  const { action, seq, at, by, reason, body } = record;
  return {
    finding: action.slice(findingChain('').length),
    seq,
    index,
    record: hashOf(record),
    at,
    by: by ?? '',
    reason: reason ?? '',
    body,
  };
}
