/** The readable report: one self-contained page of HTML without scripts, the same bytes for everyone who reproduces it. */
import { fact, markup, type Html } from './html.ts';
import { REPORT_STYLE } from './report-style.ts';
import { actionSection, chapterSection, ENDING_TONE, timeText } from './report-sections.ts';
import { RENDERING, RENDERING_WITHOUT_GRANTS, type ExportBody } from './body.ts';
import { actorText, isStory, surfaceOf, whatOf, type Chapter, type Story } from './story.ts';
import { STAGES, type Money, type Sum } from './money.ts';
import { moneyText } from './values.ts';
import { SURFACES_MAX, type Summary, type Tally } from './summary.ts';

/** What a report says of itself: all of it is in the record of the export. */
export interface ReportHead {
  body: ExportBody;
  /** Who asked, and when, RFC 3339. */
  by: string;
  at: string;
  /** Hash of the export's own record. */
  record: string;
}

/** Columns of the summary, under the heading that they share. */
const SUMS: { heading: string; columns: { name: keyof Tally; label: string }[] }[] = [
  { heading: '', columns: [{ name: 'actions', label: 'Actions' }] },
  {
    heading: 'Released by',
    columns: [
      { name: 'rule', label: 'a rule' },
      { name: 'override', label: 'people' },
      { name: 'break_glass', label: 'broken glass' },
      { name: 'observe', label: 'observing' },
      { name: 'grant', label: 'a standing approval' },
    ],
  },
  {
    heading: 'Refused by',
    columns: [
      { name: 'refusedByPolicy', label: 'policy' },
      { name: 'refusedByPeople', label: 'people' },
    ],
  },
  {
    heading: 'Undecided',
    columns: [
      { name: 'lapsed', label: 'expired, withdrawn' },
      { name: 'waiting', label: 'waiting' },
    ],
  },
  {
    heading: 'Outcome',
    columns: [
      { name: 'executed', label: 'done' },
      { name: 'failed', label: 'failed' },
      { name: 'unreported', label: 'unknown' },
    ],
  },
];
/** The columns of a rendering. */
const sumsOf = (rendering: number): typeof SUMS =>
  rendering > RENDERING_WITHOUT_GRANTS
    ? SUMS
    : SUMS.map(({ heading, columns }) => ({ heading, columns: columns.filter(({ name }) => name !== 'grant') }));

/** Everything before the list of actions. */
export function reportStart(head: ReportHead, summary: Summary): string {
  const { body, by, at, record } = head;
  const { records, from, to, total } = summary;
  const filters = Object.entries(body.filter);
  const what = filters.length === 0 ? 'the whole log' : markup`every action with a record where ${list(filters)}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Evidence report: ${body.log.origin}</title>
<style>${{ html: REPORT_STYLE }}</style>
</head>
<body>
<h1>Evidence report</h1>
<p class="lead">What was asked, judged, decided, released and done, as the sealed records of the log say it. This page is for reading; what
proves it lies beside it, and <code>README.md</code> says how to check it without trusting whoever made it.</p>
<dl class="facts">
${fact('Log', `${body.log.origin}, ${number(body.log.size)} entries when this was asked for`)}
${fact('Asked for by', `${by}, ${timeText(at)}`)}
${fact('What', what)}
${fact('Contents', `${number(records)} records; ${number(total.actions)} actions, the rest is about policy, keys, freezes and exports`)}
${from === null || to === null ? null : fact('Records', `from ${timeText(from)} to ${timeText(to)}`)}
${fact('Sealed as', markup`<span class="mono">${record}</span>`)}
</dl>
<p class="note">All times are UTC. Values that policy does not disclose are not here: records hold salted commitments to them, which whoever
holds the salts can open one by one.</p>
<h2>Summary</h2>
${summaryTable(summary, body.rendering ?? RENDERING)}
${moneyTable(summary)}<h2>Actions</h2>
<table class="index"><thead><tr><th>Last record</th><th>What</th><th>Asked by</th><th>How it ended</th></tr></thead><tbody>
`.html;
}

/** Between the list of actions and the actions. */
export function reportMiddle(): string {
  return '</tbody></table>\n<h2>Each action</h2>\n';
}

export function reportEnd(): string {
  return `<footer>Made by Countersign from sealed records. Checked with <code>countersign verify</code>, which makes this page again from the
records and compares every byte.</footer>
</body>
</html>
`;
}

/** A line of the list of actions; empty for a chain that is not an action. */
export function reportRow(part: Story | Chapter, money: Money | null = null, rendering = RENDERING): string {
  if (!isStory(part)) return '';
  const { id, ending, verdict, records } = part;
  const last = timeText(records.at(-1)?.record.at ?? '');
  const asker = verdict === null ? 'not here' : actorText(verdict.actor);
  const badge = markup`<span class="badge ${ENDING_TONE[ending]}">${ending}</span>`;
  return markup`<tr><td class="when">${last}</td><td><a href="#${id}">${whatOf(part, money, rendering)}</a> on ${surfaceOf(part)}</td><td>${asker}</td><td>${badge}</td></tr>
`.html;
}

/** Everything about an action, or about another chain. */
export function reportSection(part: Story | Chapter, money: Money | null = null, rendering = RENDERING): string {
  return (isStory(part) ? actionSection(part, money, rendering) : chapterSection(part)).html;
}

function summaryTable({ surfaces, rest, total }: Summary, rendering: number): Html {
  const sums = sumsOf(rendering);
  const columnsOfSums = sums.flatMap(({ columns }) => columns);
  const cells = (tally: Tally): Html[] =>
    columnsOfSums.map(({ name }) =>
      tally[name] === 0 ? markup`<td class="zero">0</td>` : markup`<td>${number(tally[name])}</td>`,
    );
  const row = (name: string, tally: Tally): Html => markup`<tr><th scope="row">${name}</th>${cells(tally)}</tr>\n`;
  const rows = [...surfaces].sort(([a], [b]) => (a < b ? -1 : 1)).map(([surface, tally]) => row(surface, tally));
  const headings = sums.map(
    ({ heading, columns }) => markup`<th colspan="${columns.length}" scope="colgroup">${heading}</th>`,
  );
  return markup`<div class="scroll"><table class="sums"><thead><tr class="groups"><th></th>${headings}</tr>
<tr><th scope="col">Surface</th>${columnsOfSums.map(({ label }) => markup`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${rows}${rest.actions === 0 ? null : row(`beyond ${SURFACES_MAX} surfaces`, rest)}</tbody>
<tfoot>${row('All', total)}</tfoot></table></div>`;
}

/** Sums by currency; nothing where no amount is known. */
function moneyTable({ money }: Summary): Html {
  const totals = money.list();
  if (totals.length === 0) return { html: '' };
  const cell = ({ sum, undisclosed }: Sum, currency: string | null): Html =>
    markup`<td>${moneyText(sum, currency) ?? sum}${undisclosed === 0 ? '' : ` + ${undisclosed} not disclosed`}</td>`;
  const rows = totals.map(
    ({ currency, ...total }) =>
      markup`<tr><th scope="row">${currency ?? 'no currency'}</th>${STAGES.map((stage) => cell(total[stage], currency))}</tr>\n`,
  );
  return markup`<h3>Amounts</h3>
<div class="scroll"><table class="sums"><thead><tr><th scope="col">Currency</th>${STAGES.map((stage) => markup`<th scope="col">${stage}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>
`;
}

function list(filters: [string, string][]): Html {
  return markup`${filters.map(([name, value], i) => markup`${i === 0 ? '' : ', '}${name} is <code>${value}</code>`)}`;
}

/** Thousands apart, without asking the host for its language. */
const number = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
