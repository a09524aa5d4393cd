/** What an auditor needs to rely on an export: where it comes from, what it holds, and how to make it again. */
import type { MoneyTotal } from '../money.ts';

export const ACTION_FORMATS = ['csv', 'csv-excel', 'jsonl', 'xlsx'] as const;
export type ActionFormat = (typeof ACTION_FORMATS)[number];

export interface AboutExport {
  /** Of Countersign. */
  version: string;
  tenant: string;
  by: string;
  /** RFC 3339. */
  at: string;
  format: ActionFormat;
  zone: string;
  sort: string;
  /** As in `GET /v1/actions`. */
  filter: Readonly<Record<string, string>>;
  /** The log when it was read, and how many of its entries the rows include. */
  log: { origin: string; size: number; root: string; included: number };
  rows: number;
  /** Of the rows as `jsonl`. */
  digest: string;
  totals: readonly MoneyTotal[];
  /** What was wrong with the log when it was exported, in one sentence; null where nothing was found. */
  warning: string | null;
}

const WORDS: Readonly<Record<string, string>> = {
  surface: 'on the surface',
  actor: 'asked for by',
  requester: 'asked for on behalf of',
  approver: 'decided by',
  status: 'that are now',
  decision: 'with the verdict',
  basis: 'on the basis',
  mode: 'in the mode',
  policy: 'under the policy',
  rule: 'by the rule',
  folder: 'in the folder',
  via: 'decided through',
  currency: 'in',
  amountFrom: 'of at least',
  amountTo: 'of at most',
  from: 'asked for from',
  to: 'and before',
  q: 'that contain',
};

/** The filter as a sentence. */
export function filterInWords(filter: Readonly<Record<string, string>>): string {
  const parts = Object.keys(WORDS).flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [`${WORDS[name] ?? name} ${name === 'q' ? `“${value}”` : value}`];
  });
  return parts.length === 0 ? 'all actions' : `actions ${parts.join(', ').replace(', and before', ' and before')}`;
}

/** How it is asked for again. */
export function againOf({ format, zone, sort, filter }: AboutExport): string {
  const query = Object.entries({ format, zone, sort, ...filter });
  return `GET /v1/actions/export?${query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`;
}

/** Label and value, in the order of reading. Totals are by currency, never across currencies. */
export function aboutLines(about: AboutExport): [string, string][] {
  const { version, tenant, by, at, zone, sort, filter, log, rows, digest, totals } = about;
  return [
    ...(about.warning === null ? [] : [['WARNING', about.warning] satisfies [string, string]]),
    ['System', `Countersign ${version}`],
    ['Tenant', tenant],
    ['Exported by', by],
    ['Exported at (UTC)', at],
    ['Holds', filterInWords(filter)],
    ['Order', sort],
    ['Time zone', zone],
    ['Rows', String(rows)],
    ...totals.map(({ currency, asked, approved, released, executed }): [string, string] => [
      `Control total ${currency ?? 'without currency'}`,
      `asked ${asked.sum}, approved ${approved.sum}, released ${released.sum}, executed ${executed.sum}; ${asked.undisclosed} amounts are not disclosed`,
    ]),
    ['Log', log.origin],
    ['Log size and root', `${log.size} entries, ${log.root}`],
    ['Entries included in the rows', String(log.included)],
    ['Digest of the rows (SHA-256 of the jsonl export)', digest],
    ['To run it again', againOf(about)],
    ['To check the rows', 'countersign projection check compares every column with the sealed records'],
  ];
}
