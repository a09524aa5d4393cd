/** The sheets of an export of actions. */
import {
  aboutLines,
  actionCells,
  actionColumns,
  actionHeader,
  amountCell,
  clockIn,
  rowXml,
  SHEET_ROWS_MAX,
  sheetHead,
  sheetTail,
  wrappedCell,
  type AboutExport,
  type Cell,
  type Clock,
  type ExportedAction,
} from '../../export/actions/index.ts';
import type { StoredFinding } from '../../store/index.ts';
import type { Sheet } from './workbook.ts';

export interface ExportedFinding extends StoredFinding {
  /** Each in one line. */
  answers: string[];
}

/** Rows of one sheet, beside its header. */
const ROWS_MAX = SHEET_ROWS_MAX - 1;
const UTC = clockIn('UTC');

/** @param rows from the first on, each time that it is called */
export function actionSheets(
  rows: () => AsyncIterable<readonly ExportedAction[]>,
  findings: readonly ExportedFinding[],
  about: AboutExport,
  clock: Clock,
): Sheet[] {
  const parts = Math.max(1, Math.ceil(about.rows / ROWS_MAX));
  return [
    ...Array.from({ length: parts }, (_, part) => ({
      name: part === 0 ? 'Decisions' : `Decisions ${part + 1}`,
      chunks: () => decisions(rows(), part, about, clock),
    })),
    { name: 'Totals per currency', chunks: () => table(TOTALS, totalsOf(about), 20) },
    { name: 'Findings', chunks: () => table(FINDINGS, findings.map(findingOf), 30) },
    { name: 'About this file', chunks: () => table(['What', 'Value'], aboutLines(about).map(aboutOf), 60) },
  ];
}

async function* decisions(
  pages: AsyncIterable<readonly ExportedAction[]>,
  part: number,
  { rows: count, warning }: AboutExport,
  clock: Clock,
): AsyncGenerator<string> {
  const columns = actionColumns(warning);
  const header = actionHeader(columns, clock);
  yield sheetHead(header, 18);
  const [first, end] = [part * ROWS_MAX, Math.min(count, (part + 1) * ROWS_MAX)];
  let at = 0;
  for await (const page of pages) {
    const texts: string[] = [];
    for (const row of page) {
      if (at >= first && at < end) texts.push(rowXml(at - first + 2, actionCells(columns, row, clock, UTC)));
      at += 1;
    }
    if (texts.length > 0) yield texts.join('');
  }
  yield sheetTail(header.length, end - first + 1);
}

function* table(names: readonly string[], rows: readonly Cell[][], width: number): Generator<string> {
  yield sheetHead(names, width);
  for (const [at, cells] of rows.entries()) yield rowXml(at + 2, cells);
  yield sheetTail(names.length, rows.length + 1);
}

const STAGES = ['asked', 'approved', 'released', 'executed'] as const;
const TOTALS = ['Currency', ...STAGES.flatMap((stage) => [`${stage}`, `${stage}: not disclosed`])];

const totalsOf = ({ totals }: AboutExport): Cell[][] =>
  totals.map((total) => [
    { text: total.currency ?? 'none' },
    ...STAGES.flatMap((stage): Cell[] => [amountCell(total[stage].sum), { number: String(total[stage].undisclosed) }]),
  ]);

const FINDINGS = ['Finding', 'Test', 'Quarter', 'Says', 'Actions', 'First asked (UTC)', 'Last asked (UTC)', 'Answers'];

const findingOf = ({ id, test, period, sentence, actions, firstAt, lastAt, answers }: ExportedFinding): Cell[] => [
  { text: id },
  { text: test },
  { text: period },
  wrappedCell(sentence),
  { text: actions.join(' ') },
  { clock: UTC.textOf(firstAt) },
  { clock: UTC.textOf(lastAt) },
  wrappedCell(answers.join('\n')),
];

const aboutOf = ([label, value]: [string, string]): Cell[] => [{ text: label }, wrappedCell(value)];
