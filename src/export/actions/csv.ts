/** Actions as a table: RFC 4180, or as spreadsheets of countries with a decimal comma open it. */
import type { ActionSummary } from '../../contract/views/index.ts';
import { csvCell } from '../csv.ts';
import { ACTION_COLUMNS, secondsText, type Clock, type ActionColumn } from './columns.ts';

export interface CsvDialect {
  separator: ',' | ';';
  decimal: '.' | ',';
  /** Without it, Excel takes UTF-8 for something else. */
  bom: boolean;
}

export const RFC_4180: CsvDialect = { separator: ',', decimal: '.', bom: false };
export const EXCEL: CsvDialect = { separator: ';', decimal: ',', bom: true };

const rowOf = (cells: readonly string[], { separator }: CsvDialect): string => `${cells.join(separator)}\r\n`;

/** Each time stands twice: in UTC, and by the clock of the zone. */
export function actionCsvHeader(dialect: CsvDialect, { zone }: Clock): string {
  const names = ACTION_COLUMNS.flatMap(({ name, kind }) =>
    kind === 'time' ? [`${name}_utc`, csvCell(`${name} (${zone})`)] : [name],
  );
  return `${dialect.bom ? '\ufeff' : ''}${rowOf(names, dialect)}`;
}

export const actionCsvRow = (row: ActionSummary, dialect: CsvDialect, clock: Clock): string =>
  rowOf(
    ACTION_COLUMNS.flatMap((column) => cellsOf(column, row, dialect, clock)),
    dialect,
  );

function cellsOf({ kind, of }: ActionColumn, row: ActionSummary, { decimal }: CsvDialect, clock: Clock): string[] {
  const value = of(row);
  if (value === null) return kind === 'time' ? ['', ''] : [''];
  switch (kind) {
    case 'time':
      return [String(value), clock.textOf(String(value))];
    case 'amount':
      return [numberCell(String(value), decimal)];
    case 'seconds':
      return [numberCell(secondsText(Number(value)), decimal)];
    case 'integer':
      return [String(value)];
    case 'flag':
      return [value === true ? 'yes' : 'no'];
    case 'text':
      return [csvCell(value)];
  }
}

/** A number unchanged, or with a comma where `;` ends cells. */
const numberCell = (text: string, decimal: '.' | ','): string => (decimal === '.' ? text : text.replace('.', ','));
