/** Sheets of a workbook as Office Open XML (ECMA-376), with typed cells: amounts are numbers, times are dates. */
import { secondsText, type ActionColumn, type Clock, type ExportedAction } from './columns.ts';

/** What a sheet may have. */
export const SHEET_ROWS_MAX = 1_048_576;
const CELL_MAX = 32_767;
/** Significant digits that a spreadsheet keeps. */
const DIGITS_MAX = 15;

const STYLE = { plain: 0, header: 1, time: 2, wrapped: 7 } as const;
/** Number formats by the decimal places of an amount. */
const AMOUNT_STYLES: Readonly<Record<number, number>> = { 0: 3, 2: 4, 3: 5, 4: 6 };

const NAMESPACE = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** A cell: text, an exact decimal, or a wall clock. */
export type Cell = { text: string; style?: number } | { number: string; style?: number } | { clock: string } | null;

/** Characters that an XML document may not hold. */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (text: string): string =>
  text
    .slice(0, CELL_MAX)
    .replaceAll(FORBIDDEN, '\ufffd')
    .replaceAll(/[&<>"]/g, (one) => ENTITIES[one] ?? one);

/** `A`, `B`, … `AA`. */
export function columnName(at: number): string {
  const rest = Math.floor(at / 26);
  return `${rest === 0 ? '' : columnName(rest - 1)}${String.fromCharCode(65 + (at % 26))}`;
}

const DAY_MS = 86_400_000;
/** Days from 1899-12-30, by which spreadsheets count, to 1970. */
const EPOCH_DAYS = 25_569;

/** The days of a wall clock, as spreadsheets count them. @param clock `2026-11-27 08:15:00` */
export const serialOf = (clock: string): number => Date.parse(`${clock.replace(' ', 'T')}Z`) / DAY_MS + EPOCH_DAYS;

function cellXml(cell: Cell, reference: string): string {
  if (cell === null) return '';
  if ('clock' in cell) return `<c r="${reference}" s="${STYLE.time}"><v>${serialOf(cell.clock)}</v></c>`;
  const style = cell.style === undefined ? '' : ` s="${cell.style}"`;
  if ('number' in cell) return `<c r="${reference}"${style}><v>${cell.number}</v></c>`;
  return `<c r="${reference}"${style} t="inlineStr"><is><t xml:space="preserve">${escaped(cell.text)}</t></is></c>`;
}

/** @param row from 1 */
export const rowXml = (row: number, cells: readonly Cell[]): string =>
  `<row r="${row}">${cells.map((cell, at) => cellXml(cell, `${columnName(at)}${row}`)).join('')}</row>`;

/** The first row stays in sight. */
export function sheetHead(names: readonly string[], width: number): string {
  const header = rowXml(
    1,
    names.map((text) => ({ text, style: STYLE.header })),
  );
  return `${HEAD}<worksheet xmlns="${NAMESPACE}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${names.length}" width="${width}" customWidth="1"/></cols><sheetData>${header}`;
}

/** @param rows with the header */
export const sheetTail = (columns: number, rows: number): string =>
  `</sheetData><autoFilter ref="A1:${columnName(columns - 1)}${rows}"/></worksheet>`;

export const actionHeader = (columns: readonly ActionColumn[], { zone }: Clock): string[] =>
  columns.flatMap(({ name, kind }) => (kind === 'time' ? [`${name} (UTC)`, `${name} (${zone})`] : [name]));

export const actionCells = (columns: readonly ActionColumn[], row: ExportedAction, clock: Clock, utc: Clock): Cell[] =>
  columns.flatMap((column) => cellsOf(column, row, clock, utc));

function cellsOf({ kind, of }: ActionColumn, row: ExportedAction, clock: Clock, utc: Clock): Cell[] {
  const value = of(row);
  if (value === null) return kind === 'time' ? [null, null] : [null];
  const text = String(value);
  switch (kind) {
    case 'time':
      return [{ clock: utc.textOf(text) }, { clock: clock.textOf(text) }];
    case 'amount':
      return [amountCell(text)];
    case 'seconds':
      return [{ number: secondsText(Number(value)) }];
    case 'integer':
      return [{ number: text }];
    case 'flag':
      return [{ text: value === true ? 'yes' : 'no' }];
    case 'text':
      return [{ text }];
  }
}

/** An exact decimal as a number, as long as a spreadsheet keeps all of its digits; else as text. */
export function amountCell(amount: string): Cell {
  const digits = amount.replaceAll(/[^0-9]/g, '').replace(/^0+/, '');
  if (!/^-?\d+(\.\d+)?$/.test(amount) || digits.length > DIGITS_MAX) return { text: amount };
  return { number: amount, style: AMOUNT_STYLES[amount.split('.')[1]?.length ?? 0] ?? STYLE.plain };
}

export const wrappedCell = (text: string): Cell => ({ text, style: STYLE.wrapped });

const xf = (format: number, more = ''): string =>
  `<xf numFmtId="${format}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"${more}/>`;

/** The styles by number: plain, header, time, amounts of 0, 2, 3 and 4 places, wrapped text. */
export const STYLES_XML = `${HEAD}<styleSheet xmlns="${NAMESPACE}"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="165" formatCode="#,##0.000"/><numFmt numFmtId="166" formatCode="#,##0.0000"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="8">${xf(0)}<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>${[164, 3, 4, 165, 166].map((format) => xf(format)).join('')}<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment wrapText="1" vertical="top"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;

/** The parts of a workbook beside its sheets, by their path in the package. */
export function workbookParts(sheets: readonly string[]): Record<string, string> {
  const each = <T>(make: (name: string, number: number) => T): T[] => sheets.map((name, at) => make(name, at + 1));
  const types = each(
    (_name, number) =>
      `<Override PartName="/xl/worksheets/sheet${number}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`,
  );
  const listed = each((name, number) => `<sheet name="${escaped(name)}" sheetId="${number}" r:id="rId${number}"/>`);
  const related = each(
    (_name, number) =>
      `<Relationship Id="rId${number}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${number}.xml"/>`,
  );
  return {
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${types.join('')}</Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${NAMESPACE}" xmlns:r="${RELATIONS}"><sheets>${listed.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${related.join('')}<Relationship Id="rId${sheets.length + 1}" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': STYLES_XML,
  };
}
