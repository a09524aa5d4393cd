/** Maintains the read model: follows each log, rebuilds rows, and compares them with the records. */
import { BoundedMap } from '../canonical/index.ts';
import type { Json } from '../contract/index.ts';
import { MoneyLedger } from '../archive/money-ledger.ts';
import {
  LOG_WINDOW,
  type ActionFact,
  type FactScope,
  type LogRecord,
  type Projected,
  type Store,
  type WhenBusy,
} from '../store/index.ts';
import { withPeople } from '../engine/people.ts';
import { factOf } from './fact.ts';

/** Entries that one transaction includes. */
const PAGE = 1024;
/** Bundles that are held. */
const BUNDLES = 16;
/** Pages that are rebuilt before the answer. */
const REBUILT_PAGES = 64;
/** Entries of one comparison. */
const CHECKED = 16 * LOG_WINDOW;

/** A row that differs from the records. */
export interface FactDifference {
  action: string;
  /** The columns that differ; empty where the row is missing, or belongs to no action. */
  columns: string[];
  change: 'inserted' | 'altered' | 'removed';
}

/** Some rows, and what is wrong with them. */
export interface RowsCompared {
  compared: string[];
  differences: FactDifference[];
}

export interface Comparison {
  /** Entries of the log that the rows include. */
  size: number;
  /** Where the next comparison begins; null when this one reached the end. */
  next: number | null;
  /** Actions that were compared. */
  actions: number;
  differences: FactDifference[];
  /** Parts of the log, by number, whose stored times differ from those of their entries. A search by time would miss them. */
  windows: number[];
}

export interface ReadModel {
  /** Tenants whose log holds more than their rows include. */
  behind(): Promise<string[]>;
  /**
   * Reads the log to its current end, in pages, so that the next query sees it. Waits where another process is doing so.
   *
   * @param pages at most; all of it where left out
   * @throws CountersignError `unavailable`
   */
  catchUp(tenant: string, pages?: number): Promise<Projected>;
  /** As {@link catchUp}, but returns immediately when another process does so. @throws CountersignError `unavailable` */
  follow(tenant: string): Promise<Projected>;
  /**
   * Compares every column of the rows with a fresh fold of the records: of the actions that begin at entry `from` or later, as many as
   * one answer does not take long.
   */
  check(tenant: string, from: number): Promise<Comparison>;
  /** As {@link check}, of these actions: the rows among them that `scope` sees. Missing rows are not among them. */
  compare(tenant: string, actions: readonly string[], scope: FactScope): Promise<RowsCompared>;
  /** Forgets the rows and begins to make them again. The rest follows as after any growth of the log. */
  rebuild(tenant: string): Promise<Projected>;
}

export function createReadModel(store: Pick<Store, 'facts' | 'bundles' | 'people'>): ReadModel {
  const bundles = new BoundedMap<string, Json>(BUNDLES);
  /** Each page begins a new ledger; bundles are read once for many pages. */
  const bundleOf = async (tenant: string, hash: string): Promise<Json | null> => {
    const key = `${tenant} ${hash}`;
    const bundle = bundles.get(key) ?? (await store.bundles.get(tenant, hash));
    if (bundle !== null) bundles.set(key, bundle);
    return bundle;
  };
  const fold = async (tenant: string, actions: readonly (readonly LogRecord[])[]): Promise<ActionFact[]> => {
    const ledger = new MoneyLedger((hash) => bundleOf(tenant, hash));
    const facts: ActionFact[] = [];
    for (const records of actions) {
      let money = null;
      for (const { record } of records) money = await ledger.after(record);
      const action = records[0]?.record.action;
      if (action !== undefined) ledger.forget(action);
      const whole = await withPeople(
        { store },
        records.map(({ record }) => record),
      );
      const placed = records.map(({ index, record }, at) => ({ index, record: whole[at] ?? record }));
      const fact = factOf(placed, money);
      if (fact !== null) facts.push(fact);
    }
    return facts;
  };
  const advance = async (tenant: string, pages: number, whenBusy: WhenBusy): Promise<Projected> => {
    let projected = await store.facts.projected(tenant);
    for (let page = 0; page < pages && projected.size < projected.logSize; page += 1) {
      const next = await store.facts.advance(tenant, PAGE, (actions) => fold(tenant, actions), whenBusy);
      // Another process advances it.
      if (next.size <= projected.size) return next;
      projected = next;
    }
    return projected;
  };
  const readModel: ReadModel = {
    behind: () => store.facts.behind(),
    catchUp: (tenant, pages = Infinity) => advance(tenant, pages, 'wait'),
    follow: (tenant) => advance(tenant, Infinity, 'leave'),
    async check(tenant, from) {
      const { size } = await store.facts.projected(tenant);
      const end = Math.min(size, from + CHECKED);
      const comparison: Comparison = { size, next: end < size ? end : null, actions: 0, differences: [], windows: [] };
      // Rows that claim a place outside of the log are looked at with the first and the last part of it.
      for (let at = from; at === from || at < end; at += LOG_WINDOW) {
        const [first, last] = [at === 0, at + LOG_WINDOW >= size];
        const { rows, actions } = await store.facts.between(
          tenant,
          first ? Number.MIN_SAFE_INTEGER : at,
          last ? Number.MAX_SAFE_INTEGER : at + LOG_WINDOW,
        );
        const expected = await fold(tenant, actions);
        comparison.actions += expected.length;
        comparison.differences.push(...factDifferences(rows, expected));
      }
      const [begin, beyond] = [
        from / LOG_WINDOW,
        comparison.next === null ? Number.MAX_SAFE_INTEGER : end / LOG_WINDOW,
      ];
      comparison.windows = await store.facts.wrongWindows(tenant, Math.floor(begin), Math.floor(beyond));
      return comparison;
    },
    async compare(tenant, actions, scope) {
      const { rows, actions: begun } = await store.facts.ofActions(tenant, actions, scope);
      const differences = factDifferences(rows, await fold(tenant, begun));
      return { compared: rows.map(({ action }) => action), differences };
    },
    async rebuild(tenant) {
      await store.facts.forget(tenant);
      return readModel.catchUp(tenant, REBUILT_PAGES);
    },
  };
  return readModel;
}

/** Compares rows with what they should be, column by column. */
export function factDifferences(rows: readonly ActionFact[], expected: readonly ActionFact[]): FactDifference[] {
  const stored = new Map(rows.map((row) => [row.action, row]));
  const differences: FactDifference[] = [];
  for (const fact of expected) {
    const row = stored.get(fact.action);
    stored.delete(fact.action);
    if (row === undefined) {
      differences.push({ action: fact.action, columns: [], change: 'removed' });
      continue;
    }
    const is = new Map<string, unknown>(Object.entries(row));
    const columns = Object.entries(fact).flatMap(([column, value]) =>
      JSON.stringify(is.get(column)) === JSON.stringify(value) ? [] : [column],
    );
    if (columns.length > 0) differences.push({ action: fact.action, columns, change: 'altered' });
  }
  for (const action of stored.keys()) differences.push({ action, columns: [], change: 'inserted' });
  return differences;
}
