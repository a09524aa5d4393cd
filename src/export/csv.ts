/** Records as a table for spreadsheets: RFC 4180, one row each, nothing that a spreadsheet would run. */
import type { Json, JsonObject, RecordPayload } from '../contract/index.ts';
import { actorText } from './story.ts';
import type { ExportRecord } from './line.ts';

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
  'resource',
  'by',
  'via',
  'stage',
  'reason',
  'changes',
  'reference',
  'disclosed',
  'details',
  'bundle',
  'request_hash',
  'record_hash',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], Json>>;

/** A number as it stands: it may begin with a minus without being a formula. */
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
/** The characters that make a spreadsheet read a cell as a formula, in their full-width forms too. */
const FORMULA = /^[\s\u0000-\u001f]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
/** Control characters, which no cell may hold, except a newline. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/g;

/** One cell. Text that a spreadsheet could run gets an apostrophe before it; numbers stay exactly as they were signed. */
export function csvCell(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text).replaceAll(CONTROL, '\ufffd');
  return /[",;\n]|^\s|\s$|^'/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;

export const csvHeader = (): string => line(COLUMNS);

export function csvRow({ index, hash, record }: ExportRecord): string {
  const { at, type, action, seq, requestHash } = record;
  const row: Row = { index, at, type, action, seq, request_hash: requestHash, record_hash: hash, ...cellsOf(record) };
  return line(COLUMNS.map((name) => csvCell(row[name])));
}

function cellsOf(record: RecordPayload): Row {
  switch (record.type) {
    case 'verdict': {
      const { surface, verb, disclosed, verdict, observed } = record;
      const { decision, basis, policy, rule, bundle, reasons, changes } = verdict;
      return {
        ...{ surface, verb, actor: actorText(record.actor), decision, basis, policy, rule, bundle },
        ...requested(disclosed),
        reason: reasons.join('; '),
        changes,
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
      return { surface, decision, by, via, stage, reason, changes: changes as JsonObject | null, details };
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
