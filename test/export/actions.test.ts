/** Exports of actions: a table of RFC 4180, one for Excel, and a workbook with typed cells. */
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { actionSheets } from '../../src/archive/make/action-sheets.ts';
import { workbook } from '../../src/archive/make/workbook.ts';
import type { ActionSummary } from '../../src/contract/views/index.ts';
import {
  aboutLines,
  actionColumns,
  actionCsvHeader,
  actionCsvRow,
  amountCell,
  clockIn,
  columnName,
  EXCEL,
  filterInWords,
  RFC_4180,
  serialOf,
  type AboutExport,
  type ExportedAction,
} from '../../src/export/actions/index.ts';

const ROW: ActionSummary = {
  id: 'act_1',
  status: 'executed',
  surface: 'payments.refund',
  action: 'refund.create',
  actor: 'agent:bot',
  requester: 'user:requester@acme.test',
  resource: 'order "ord_1"',
  folder: null,
  decision: 'supervise',
  basis: 'rule',
  mode: 'enforce',
  policy: 'payments.refund',
  rule: 'medium',
  bundle: null,
  releaseBasis: 'override',
  approver: 'user:lead@acme.test',
  via: 'slack',
  delegatedFrom: null,
  extended: false,
  changed: true,
  reason: '=HYPERLINK("x"); <b>fine</b> & £5\u0007',
  reference: null,
  currency: 'EUR',
  amounts: { asked: '1420.50', approved: '1400.00', released: '1400.00', executed: null },
  undisclosed: false,
  askedAt: '2026-07-01T22:30:00.000Z',
  decidedAt: '2026-07-01T22:30:12.500Z',
  releasedAt: '2026-07-01T22:30:13.000Z',
  redeemedAt: null,
  endedAt: null,
  expiresAt: null,
  reviewDueAt: null,
  reviewedAt: null,
  waitMs: 12_500,
  firstIndex: 7,
  lastIndex: 12,
};
const COLUMNS = actionColumns(null);
const BERLIN = clockIn('Europe/Berlin');
const ABOUT: AboutExport = {
  version: '1.2.3',
  tenant: 'default',
  by: 'user:auditor@acme.test',
  at: '2026-11-27T08:00:00.000Z',
  format: 'xlsx',
  zone: 'Europe/Berlin',
  sort: '-askedAt',
  filter: { surface: 'payments.refund', basis: 'override', from: '2026-07-01T00:00:00.000Z' },
  log: { origin: 'countersign/default', size: 20, root: 'AAAA', included: 20 },
  rows: 1,
  digest: `sha256:${'9f'.repeat(32)}`,
  totals: [
    {
      currency: 'EUR',
      asked: { sum: '1420.50', undisclosed: 2 },
      approved: { sum: '1400.00', undisclosed: 0 },
      released: { sum: '1400.00', undisclosed: 0 },
      executed: { sum: '0.00', undisclosed: 0 },
    },
  ],
  warning: null,
};

describe('a table', () => {
  it('has each time in UTC and by the clock of its zone, and exact amounts', () => {
    const names = actionCsvHeader(COLUMNS, RFC_4180, BERLIN).trim().split(',');
    const cells = actionCsvRow(COLUMNS, ROW, RFC_4180, BERLIN);
    expect(cells.endsWith('\r\n')).toBe(true);
    expect(names.slice(names.indexOf('asked_at_utc'), names.indexOf('asked_at_utc') + 2)).toEqual([
      'asked_at_utc',
      'asked_at (Europe/Berlin)',
    ]);
    expect(cells).toContain('2026-07-01T22:30:00.000Z,2026-07-02 00:30:00');
    expect(cells).toContain(',EUR,1420.50,1400.00,1400.00,,no,');
    expect(cells).toContain('"order ""ord_1"""');
    // What a spreadsheet would run does not begin a cell.
    expect(cells).toContain(`"'=HYPERLINK(`);
  });

  it('opens in Excel where a comma is decimal', () => {
    expect(actionCsvHeader(COLUMNS, EXCEL, BERLIN).startsWith('\ufeffaction_id;status;')).toBe(true);
    expect(actionCsvRow(COLUMNS, ROW, EXCEL, BERLIN)).toContain(';EUR;1420,50;1400,00;1400,00;;no;');
    expect(actionCsvRow(COLUMNS, ROW, EXCEL, BERLIN)).toContain(';12,5;');
  });
});

describe('a table of a log that does not verify', () => {
  it('says so in the first cell of each row, whatever the format', () => {
    const warning = 'the log does not verify: entry 3 is not what was sealed there';
    const row = { ...ROW, logWarning: warning };
    const columns = actionColumns(warning);
    for (const dialect of [RFC_4180, EXCEL]) {
      expect(actionCsvHeader(columns, dialect, BERLIN)).toMatch(/^\ufeff?log_warning[,;]action_id/);
      expect(actionCsvRow(columns, row, dialect, BERLIN).startsWith(`${warning}${dialect.separator}`)).toBe(true);
    }
  });
});

describe('a workbook', () => {
  const made = async (rows: ExportedAction[], warning: string | null = null): Promise<Record<string, string>> => {
    async function* pages(): AsyncGenerator<ExportedAction[]> {
      for (const row of rows) yield await Promise.resolve([row]);
    }
    const finding = {
      id: 'fnd_1',
      period: '2026-Q3',
      test: 'duplicate',
      version: 1,
      actions: ['act_1', 'act_2'],
      surfaces: ['payments.refund'],
      firstAt: ROW.askedAt,
      lastAt: ROW.askedAt,
      figures: {},
      sentence: 'twice',
      answers: ['user:auditor@acme.test at 2026-07-03: explained, two orders'],
    };
    const chunks: Uint8Array[] = [];
    const about = { ...ABOUT, rows: rows.length, warning };
    const sheets = actionSheets(pages, [finding], about, BERLIN);
    for await (const chunk of workbook(sheets, new Date(ABOUT.at))) chunks.push(chunk);
    return Object.fromEntries(
      Object.entries(unzipSync(Buffer.concat(chunks))).map(([path, bytes]) => [path, strFromU8(bytes)]),
    );
  };

  it('has a sheet each for rows, totals, findings and what it is', async () => {
    const files = await made([ROW, { ...ROW, id: 'act_2' }]);
    expect([...(files['xl/workbook.xml'] ?? '').matchAll(/<sheet name="([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'Decisions',
      'Totals per currency',
      'Findings',
      'About this file',
    ]);
    const rows = files['xl/worksheets/sheet1.xml'] ?? '';
    expect(rows.match(/<row /g)).toHaveLength(3);
    expect(rows).toContain('<v>1420.50</v>');
    expect(rows).toContain(`<v>${serialOf('2026-07-02 00:30:00')}</v>`);
    expect(rows).toContain('=HYPERLINK(&quot;x&quot;); &lt;b&gt;fine&lt;/b&gt; &amp; £5\ufffd');
    expect(rows).not.toContain('<f>');
    expect(files['xl/worksheets/sheet2.xml']).toContain('<v>1420.50</v>');
    expect(files['xl/worksheets/sheet3.xml']).toContain('explained, two orders');
    for (const [, value] of aboutLines({ ...ABOUT, rows: 2 }))
      expect(files['xl/worksheets/sheet4.xml']).toContain(value.replaceAll('&', '&amp;'));
  });

  it('says of a log that does not verify that it does not, in its rows and about itself', async () => {
    const warning = 'the log does not verify: entry 3 is not what was sealed there';
    const files = await made([{ ...ROW, logWarning: warning }], warning);
    expect(files['xl/worksheets/sheet1.xml']?.split(warning)).toHaveLength(2);
    expect(files['xl/worksheets/sheet4.xml']).toContain(warning);
  });

  it.each([
    ['420.50', { number: '420.50', style: 4 }],
    ['1.500', { number: '1.500', style: 5 }],
    ['0', { number: '0', style: 3 }],
    ['-12.00', { number: '-12.00', style: 4 }],
    ['123456789012345.67', { text: '123456789012345.67' }],
  ])('keeps %s as it is', (amount, cell) => {
    expect(amountCell(amount)).toEqual(cell);
  });

  it.each([
    [0, 'A'],
    [25, 'Z'],
    [26, 'AA'],
    [701, 'ZZ'],
    [702, 'AAA'],
  ])('calls column %i %s', (at, name) => {
    expect(columnName(at)).toBe(name);
  });
});

it.each([
  [{}, 'all actions'],
  [
    { surface: 'payments.refund', basis: 'override', from: '2026-07-01', to: '2026-10-01' },
    'actions on the surface payments.refund, on the basis override, asked for from 2026-07-01 and before 2026-10-01',
  ],
  [{ q: 'ord' }, 'actions that contain “ord”'],
])('says the filter %j in words', (filter, words) => {
  expect(filterInWords(filter)).toBe(words);
});
