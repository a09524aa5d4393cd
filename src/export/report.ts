/** The readable report: one page of HTML that stands for itself, without scripts, and is the same for everyone who makes it again. */
import { html, type Html } from './html.ts';
import { REPORT_STYLE } from './report-style.ts';
import { actionSection, chapterSection, ENDING_TONE, timeText } from './report-sections.ts';
import type { ExportBody } from './body.ts';
import { actorText, isStory, surfaceOf, whatOf, type Chapter, type Story } from './story.ts';
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

const SUMS: { name: keyof Tally; label: string }[] = [
  { name: 'actions', label: 'Actions' },
  { name: 'rule', label: 'Released by a rule' },
  { name: 'override', label: 'Released by people' },
  { name: 'break_glass', label: 'Broken glass' },
  { name: 'observe', label: 'Observed only' },
  { name: 'refusedByPolicy', label: 'Refused by policy' },
  { name: 'refusedByPeople', label: 'Refused by people' },
  { name: 'lapsed', label: 'Expired or withdrawn' },
  { name: 'waiting', label: 'Waiting' },
  { name: 'executed', label: 'Executed' },
  { name: 'failed', label: 'Failed' },
  { name: 'unreported', label: 'Not reported' },
];

/** Everything before the list of actions. */
export function reportStart(head: ReportHead, summary: Summary): string {
  const { body, by, at, record } = head;
  const { records, from, to } = summary;
  const filters = Object.entries(body.filter);
  const period =
    from === null || to === null
      ? html``
      : html`<dt>Records from</dt>
          <dd>${timeText(from)} to ${timeText(to)}</dd>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="referrer" content="no-referrer" />
        <title>Evidence report: ${body.log.origin}</title>
        <style>
          ${{ html: REPORT_STYLE }}
        </style>
      </head>
      <body>
        <h1>Evidence report</h1>
        <p class="lead">
          What was asked, judged, decided, released and done, as the sealed records of the log say it. This page is for
          reading; what proves it lies beside it, and <code>README.md</code> says how to check it without trusting
          whoever made it.
        </p>
        <dl class="facts">
          <dt>Log</dt>
          <dd>${body.log.origin}, ${number(body.log.size)} entries when this was asked for</dd>
          <dt>Asked for by</dt>
          <dd>${by}, ${timeText(at)}</dd>
          <dt>What</dt>
          <dd>${filters.length === 0 ? 'the whole log' : html`every action with a record where ${list(filters)}`}</dd>
          <dt>Contents</dt>
          <dd>
            ${number(records)} records of ${number(summary.total.actions)} actions, and of policy, keys, freezes and
            exports
          </dd>
          ${period}
          <dt>Sealed as</dt>
          <dd class="mono">${record}</dd>
        </dl>
        <p class="note">
          All times are UTC. Values that policy does not disclose are not here: records hold salted commitments to them,
          which whoever holds the salts can open one by one.
        </p>
        <h2>Summary</h2>
        ${summaryTable(summary)}
        <h2>Actions</h2>
        <table class="index">
          <thead>
            <tr>
              <th>Last record</th>
              <th>What</th>
              <th>Asked by</th>
              <th>How it ended</th>
            </tr>
          </thead>
          <tbody></tbody>
        </table>
      </body>
    </html> `.html;
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

/** A line of the list of actions; empty for what is no action. */
export function reportRow(told: Story | Chapter): string {
  if (!isStory(told)) return '';
  const { id, ending, verdict, records } = told;
  const last = records.at(-1)?.record.at ?? '';
  return html`<tr>
    <td class="nowrap when">${timeText(last)}</td>
    <td><a href="#${id}">${whatOf(told)}</a> on ${surfaceOf(told)}</td>
    <td>${verdict === null ? 'not here' : actorText(verdict.actor)}</td>
    <td><span class="badge ${ENDING_TONE[ending]}">${ending}</span></td>
  </tr> `.html;
}

/** All of an action, or of a chain that is none. */
export function reportSection(told: Story | Chapter): string {
  return (isStory(told) ? actionSection(told) : chapterSection(told)).html;
}

function summaryTable({ surfaces, rest, total }: Summary): Html {
  const cells = (tally: Tally): Html[] =>
    SUMS.map(({ name }) => html`<td${{ html: tally[name] === 0 ? ' class="zero"' : '' }}>${number(tally[name])}</td>`);
  const rows = [...surfaces].sort(([a], [b]) => (a < b ? -1 : 1));
  return html`<div class="scroll">
    <table class="sums">
      <thead>
        <tr>
          <th>Surface</th>
          ${SUMS.map(({ label }) => html`<th>${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([surface, tally]) =>
            html`<tr>
              <td>${surface}</td>
              ${cells(tally)}
            </tr> `,
        )}${
          rest.actions === 0
            ? null
            : html`<tr>
                <td>beyond ${SURFACES_MAX} surfaces</td>
                ${cells(rest)}
              </tr> `
        }
      </tbody>
      <tfoot>
        <tr>
          <td>All</td>
          ${cells(total)}
        </tr>
      </tfoot>
    </table>
  </div>`;
}

function list(filters: [string, string][]): Html {
  return html`${filters.map(([name, value], i) => html`${i === 0 ? '' : ', '}${name} is <code>${value}</code>`)}`;
}

/** Thousands apart, without asking the host for its language. */
const number = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
