/** Compares a bank's, card processor's or cloud's statement with governed actions, row by row. Comparing again gives the same result. */
import type { CSV_SEPARATORS } from './csv-reader.ts';
import { compareDecimals, formatDecimal, parseDecimal } from '../canonical/index.ts';

/** What rows are matched by: the executor's reference, the action's id, or the resource. */
export const STATEMENT_KEYS = ['reference', 'action', 'resource'] as const;
export type StatementKey = (typeof STATEMENT_KEYS)[number];

/** Which columns of a source say what, by their headings. */
export interface StatementMapping {
  by: StatementKey;
  key: string;
  amount?: string | undefined;
  currency?: string | undefined;
  /** When it happened. */
  at?: string | undefined;
  /** The separator of cells; detected where it is left out. */
  separator?: (typeof CSV_SEPARATORS)[number] | undefined;
  decimal?: '.' | ',' | undefined;
  /** Amounts are whole numbers of the currency's smallest unit, such as cents. */
  minor?: boolean | undefined;
}

/** A row of a statement, read. */
export interface StatementRow {
  line: number;
  key: string;
  /** An exact decimal, without its sign: one side's debit is the other's credit. */
  amount: string | null;
  currency: string | null;
  at: string | null;
}

/** The parts of a governed action that a statement can contradict. */
export interface GovernedEffect {
  action: string;
  firstIndex: number;
  status: string;
  releasedAt: string | null;
  currency: string | null;
  amountReleased: string | null;
  amountExecuted: string | null;
  amountUndisclosed: boolean;
}

export const STATEMENT_ISSUES = ['ungoverned', 'altered', 'doubled', 'contradicted', 'lacking', 'unreadable'] as const;
export type StatementIssueKind = (typeof STATEMENT_ISSUES)[number];

export interface StatementIssue {
  kind: StatementIssueKind;
  /** Of the file; null for what the statement lacks. */
  line: number | null;
  key: string;
  action: string | null;
  /** In one sentence. */
  sentence: string;
}

/** The columns of a file by their place. */
export type StatementColumns = Record<'key', number> & Record<'amount' | 'currency' | 'at', number | null>;

/** Finds the columns. @returns the missing headings, if any */
export function columnsOf(
  { key, amount, currency, at }: StatementMapping,
  header: readonly string[],
): StatementColumns | { missing: string[] } {
  const names = header.map((name) =>
    name
      .replace(/^\ufeff/, '')
      .trim()
      .toLowerCase(),
  );
  const place = (name: string | undefined): number | null =>
    name === undefined ? null : names.indexOf(name.trim().toLowerCase());
  const columns = { key: place(key) ?? -1, amount: place(amount), currency: place(currency), at: place(at) };
  const wanted = { key, amount, currency, at };
  const missing = Object.entries(columns).flatMap(([name, at_]) =>
    at_ === -1 ? [wanted[name as keyof typeof wanted] ?? name] : [],
  );
  return missing.length > 0 ? { missing } : columns;
}

/** @param placesOf how many places an amount of a currency has; null where it has none */
export function readStatementRow(
  { line, cells }: { line: number; cells: readonly string[] },
  columns: StatementColumns,
  { decimal = '.', minor = false }: Pick<StatementMapping, 'decimal' | 'minor'>,
  placesOf: (currency: string) => number | null,
): StatementRow | StatementIssue {
  const cell = (at: number | null): string | null => (at === null ? null : (cells[at] ?? '').trim());
  const key = cell(columns.key) ?? '';
  const unreadable = (sentence: string): StatementIssue => ({ kind: 'unreadable', line, key, action: null, sentence });
  if (key === '') return unreadable(`line ${line} has nothing to be found by`);
  const currency = cell(columns.currency)?.toUpperCase() ?? null;
  const written = cell(columns.amount);
  const amount = written === null ? null : exactOf(written, decimal);
  if (written !== null && amount === null) return unreadable(`line ${line} has no amount that can be read: ${written}`);
  const at = cell(columns.at);
  const scaled = amount === null || !minor ? amount : inUnits(amount, placesOf(currency ?? '') ?? 2);
  return { line, key, amount: scaled, currency: currency === '' ? null : currency, at: at === '' ? null : at };
}

/** `(1.234,50)` of a decimal comma is `1234.50`; null for what is no amount. */
function exactOf(text: string, decimal: '.' | ','): string | null {
  const thousands = decimal === '.' ? /[,\s'’\u00a0\u202f]/g : /[.\s'’\u00a0\u202f]/g;
  const plain = text
    .replace(/^\((.*)\)$/, '$1')
    .replace(/^[-+]|[-+]$/g, '')
    .replaceAll(thousands, '')
    .replace(decimal, '.');
  return /^\d{1,30}(\.\d{1,15})?$/.test(plain) ? plain : null;
}

function inUnits(amount: string, places: number): string {
  const { units, scale } = parseDecimal(amount, Infinity);
  return formatDecimal({ units, scale: scale + places });
}

const sameAmount = (a: string, b: string): boolean =>
  compareDecimals(parseDecimal(a, Infinity), parseDecimal(b.replace(/^-/, ''), Infinity)) === 0;

/** Compares the rows of one statement, in their order. Of each matched action it keeps only the position. */
export class StatementComparison {
  readonly #matched = new Set<number>();
  /** Rows whose action is as they say. */
  agreed = 0;
  /** Rows whose amount could not be compared, for policy does not disclose it. */
  uncompared = 0;

  /** @param governed actions that have the row's key */
  compare(row: StatementRow, governed: readonly GovernedEffect[]): StatementIssue[] {
    const { line, key } = row;
    const released = governed.filter(({ releasedAt }) => releasedAt !== null);
    const action = released.find(({ firstIndex }) => !this.#matched.has(firstIndex));
    if (action === undefined) {
      const [again] = released;
      if (again !== undefined) {
        const sentence = `line ${line}: ${key} is on the statement once more, and was released once`;
        return [{ kind: 'doubled', line, key, action: again.action, sentence }];
      }
      const [refused] = governed;
      const sentence =
        refused === undefined
          ? `line ${line}: ${key} happened, and nothing was asked for it`
          : `line ${line}: ${key} happened, and its action is ${refused.status}, never released`;
      return [{ kind: 'ungoverned', line, key, action: refused?.action ?? null, sentence }];
    }
    this.#matched.add(action.firstIndex);
    const issue = this.#differs(row, action);
    if (issue === null) {
      this.agreed += 1;
      return [];
    }
    return [{ ...issue, line, key, action: action.action }];
  }

  #differs(row: StatementRow, action: GovernedEffect): Pick<StatementIssue, 'kind' | 'sentence'> | null {
    const { line, key, amount, currency } = row;
    if (['failed', 'skipped', 'lapsed'].includes(action.status)) {
      return {
        kind: 'contradicted',
        sentence: `line ${line}: ${key} happened, and its action ended as ${action.status}`,
      };
    }
    const governed = action.amountExecuted ?? action.amountReleased;
    if (currency !== null && action.currency !== null && currency !== action.currency.toUpperCase()) {
      return {
        kind: 'altered',
        sentence: `line ${line}: ${key} was in ${currency}, and released in ${action.currency}`,
      };
    }
    if (amount === null) return null;
    if (governed === null) {
      this.uncompared += 1;
      return null;
    }
    return sameAmount(amount, governed)
      ? null
      : { kind: 'altered', sentence: `line ${line}: ${key} was ${amount}, and ${governed} was released` };
  }

  /** Whether the statement has a row for it. */
  has({ firstIndex }: Pick<GovernedEffect, 'firstIndex'>): boolean {
    return this.#matched.has(firstIndex);
  }
}
