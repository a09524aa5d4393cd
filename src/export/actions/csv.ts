/** Actions as a table: RFC 4180, or as spreadsheets of countries with a decimal comma open it. */
import { csvCell } from '../csv.ts';
import { secondsText, type ActionColumn, type Clock, type ExportedAction } from './columns.ts';

export interface CsvDialect {
  separator: ',' | ';';
  decimal: '.' | ',';
  /** Without it, Excel takes UTF-8 for something else. */
  bom: boolean;
}

export const RFC_4180: CsvDialect = { separator: ',', decimal: '.', bom: false };
export const EXCEL: CsvDialect = { separator: ';', decimal: ',', bom: true };

const rowOf = (cells: readonly string[], { separator }: CsvDialect): string => `${cells.join(separator)}\r\n`;

/** Each time is written twice: in UTC, and in the local time of the zone. */
export function actionCsvHeader(columns: readonly ActionColumn[], dialect: CsvDialect, { zone }: Clock): string {
  const names = columns.flatMap(({ name, kind }) =>
    kind === 'time' ? [`${name}_utc`, csvCell(`${name} (${zone})`)] : [name],
  );
  return `${dialect.bom ? '\ufeff' : ''}${rowOf(names, dialect)}`;
}

export const actionCsvRow = (
  columns: readonly ActionColumn[],
  row: ExportedAction,
  dialect: CsvDialect,
  clock: Clock,
): string =>
  rowOf(
    columns.flatMap((column) => cellsOf(column, row, dialect, clock)),
    dialect,
  );

function cellsOf({ kind, of }: ActionColumn, row: ExportedAction, { decimal }: CsvDialect, clock: Clock): string[] {
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
