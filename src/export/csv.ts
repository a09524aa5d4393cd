/** Records as a table for spreadsheets: RFC 4180, one row each, nothing that a spreadsheet would run. */
import { presenceIn, type Json, type JsonObject, type RecordPayload } from '../contract/index.ts';
import { actorText } from './story.ts';
import { RENDERING_WITHOUT_MONEY, RENDERING_WITHOUT_PRESENCE, RENDERING } from './body.ts';
import type { ExportRecord } from './line.ts';
import { stagesOf, type Money, type Stage } from './money.ts';

const STAGE_COLUMNS = {
  asked: 'asked_amount',
  approved: 'approved_amount',
  released: 'released_amount',
  executed: 'executed_amount',
} as const satisfies Record<Stage, string>;

const COLUMNS = [
  'index',
  'at',
  'type',
  'action',
  'seq',
  'surface',
  'verb',
  'actor',
  'decision',
  'basis',
  'policy',
  'rule',
  'amount',
  'currency',
  ...Object.values(STAGE_COLUMNS),
  'resource',
  'by',
  'via',
  'presence',
  'stage',
  'reason',
  'changes',
  'reference',
  'reverses',
  'disclosed',
  'details',
  'bundle',
  'request_hash',
  'record_hash',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], Json>>;

/** A plain number. It may begin with a minus without being a formula. */
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
/** The characters that make a spreadsheet read a cell as a formula, in their full-width forms too. */
const FORMULA = /^[\s\u0000-\u001f]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
/** Control characters, which no cell may hold, except a newline. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/g;

/** One cell. Text that a spreadsheet could run gets an apostrophe before it; numbers stay exactly as they were signed. */
export function csvCell(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text).replaceAll(CONTROL, '\ufffd');
  return /[",;\n]|^\s|\s$|^'/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;

/** Columns that came with a later rendering. */
const SINCE: readonly { last: number; columns: readonly string[] }[] = [
  { last: RENDERING_WITHOUT_MONEY, columns: Object.values(STAGE_COLUMNS) },
  { last: RENDERING_WITHOUT_PRESENCE, columns: ['presence', 'reverses'] },
];

function columnsOf(rendering: number): readonly (typeof COLUMNS)[number][] {
  const unknown = SINCE.flatMap(({ last, columns }) => (rendering <= last ? columns : []));
  return COLUMNS.filter((name) => !unknown.includes(name));
}

export const csvHeader = (rendering = RENDERING): string => line(columnsOf(rendering));

/** @param money of the action, this record included */
export function csvRow(
  { index, hash, record }: ExportRecord,
  money: Money | null = null,
  rendering = RENDERING,
): string {
  const { at, type, action, seq, requestHash } = record;
  const row: Row = {
    index,
    at,
    type,
    action,
    seq,
    request_hash: requestHash,
    record_hash: hash,
    ...cellsOf(record),
    ...amounts(record, money),
  };
  return line(columnsOf(rendering).map((name) => csvCell(row[name])));
}

/** Each amount stands in the row of the record that made it, so that a column can be added up. */
function amounts(record: RecordPayload, money: Money | null): Row {
  if (money === null) return {};
  const cells = Object.fromEntries(stagesOf(record).map((stage) => [STAGE_COLUMNS[stage], money[stage]]));
  return Object.values(cells).every((cell) => cell === null) ? {} : { ...cells, currency: money.currency };
}

function cellsOf(record: RecordPayload): Row {
  switch (record.type) {
    case 'verdict': {
      const { surface, verb, disclosed, verdict, observed, reverses = null } = record;
      const { decision, basis, policy, rule, bundle, reasons, changes } = verdict;
      return {
        surface,
        verb,
        actor: actorText(record.actor),
        decision,
        basis,
        policy,
        rule,
        bundle,
        ...requested(disclosed),
        reason: reasons.join('; '),
        changes,
        reverses,
        disclosed,
        details: observed === null ? null : `observed only: it would have been ${observed.decision}`,
      };
    }
    case 'decision': {
      const { surface, decision, by, via, stage, reason, changes, until, delegation, added } = record;
      const details = [
        ...(delegation === null ? [] : [`standing in for ${delegation.from}`]),
        ...(until === null ? [] : [`until ${until}`]),
        ...(added === null ? [] : [`asked ${added.join(', ')}`]),
      ].join('; ');
      const presence = presenceIn(record);
      return { surface, decision, by, via, presence, stage, reason, changes: changes as JsonObject | null, details };
    }
    case 'release': {
      const { surface, basis, permit, rejudged } = record;
      return { surface, basis, bundle: rejudged?.verdict.bundle ?? null, details: `permit until ${permit.expiresAt}` };
    }
    case 'redemption': {
      const { surface, by, reportBy } = record;
      return { surface, by, details: `to be reported by ${reportBy}` };
    }
    case 'outcome': {
      const { surface, status, reference, by } = record;
      return { surface, decision: status, reference, by };
    }
    default: {
      const { by, reason, body } = record;
      return { by, reason, details: body };
    }
  }
}

const requested = (disclosed: JsonObject): Row => ({
  amount: disclosed['params.amount'] ?? null,
  currency: disclosed['params.currency'] ?? null,
  resource: disclosed['resource.id'] ?? null,
});
