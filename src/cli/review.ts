/** `countersign review`: reviews an emergency release. `countersign report break-glass`: all of them. `countersign answer`. */
import type { Command } from 'commander';
import {
  breakGlassReportSchema,
  reviewListSchema,
  type BrokenGlassItem,
  type ReviewView,
} from '../contract/views/index.ts';
import { actionPath, parseAction, printAction } from './actions.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { readAnswer } from './answers.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { registerOverrides } from './report-overrides.ts';
import { usage } from './values.ts';

function line(item: ReviewView & Partial<Pick<BrokenGlassItem, 'what' | 'late'>>): string {
  const { action, status, at, dueAt, by, surface, reason, reviewers, result } = item;
  const why = reason === null ? 'no reason kept' : `“${reason}”`;
  const reviews =
    result === null
      ? `${status === 'overdue' ? 'OVERDUE since' : 'due'} ${dueAt}, waits for ${reviewers.join(', ')}`
      : `${result.by} found it ${result.right ? 'right' : 'wrong'} at ${result.at}${item.late === true ? ' (late)' : ''}: “${result.reason}”`;
  return `${action}  ${at}  ${by ?? 'unknown'}  ${surface}${item.what === undefined ? '' : `  ${item.what}`}  ${why}  ${reviews}`;
}

export function register(program: Command, io: Io): void {
  const review = program
    .command('review')
    .description('look back at a break-glass release, as one of its reviewers; alone, list the reviews that are yours')
    .argument('[id]', 'the action’s id')
    .option('--right', 'the emergency justified it')
    .option('--wrong', 'it did not')
    .option('--reason <text>', 'why; sealed with the finding')
    .option('--json', 'print JSON');
  withConnection(review, { as: true }).action(async (id: string | undefined, options: ReviewOptions) => {
    const connection = await connect(io, options);
    if (id === undefined) {
      const { reviews } = readAnswer(reviewListSchema, await call(connection, { path: 'v1/reviews' }));
      if (options.json === true) io.json({ reviews });
      else for (const item of reviews) io.out(line(item));
      return;
    }
    const { right = false, wrong = false, reason } = options;
    if (right === wrong || reason === undefined) throw usage('give --right or --wrong, and --reason');
    const headers = { 'countersign-door': 'cli' };
    const path = `${actionPath(id)}/review`;
    const action = parseAction(await call(connection, { method: 'POST', path, body: { right, reason }, headers }));
    printAction(io, action, options);
  });

  const reports = program.command('report').description('reports of what was sealed');
  registerOverrides(reports, io);
  const report = reports.command('break-glass');
  report
    .description(
      'every emergency of a time: who, when, what, why, and what its review found; exits 3 when a review is overdue',
    )
    .option('--from <time>', 'a day such as 2026-11-01, or a time (default: 90 days before --to)')
    .option('--to <time>', 'up to, and without, this time (default: now)')
    .option('--json', 'print JSON');
  withConnection(report, { as: true }).action(async (options: ReportOptions) => {
    const query = new URLSearchParams();
    if (options.from !== undefined) query.set('from', options.from);
    if (options.to !== undefined) query.set('to', options.to);
    const path = `v1/reports/break-glass?${query.toString()}`;
    const breakGlass = readAnswer(breakGlassReportSchema, await call(await connect(io, options), { path }));
    if (breakGlass.overdue > 0) io.exitCode = 3;
    if (options.json === true) return io.json(breakGlass);
    io.out(`break-glass releases from ${breakGlass.from} to ${breakGlass.to}: ${breakGlass.total}`);
    io.out(
      `reviews: ${breakGlass.right} right, ${breakGlass.wrong} wrong, ${breakGlass.open} open, ${breakGlass.overdue} overdue`,
    );
    for (const { by, times } of breakGlass.people) io.out(`  ${by}: ${times}`);
    for (const item of breakGlass.items) io.out(line(item));
    if (breakGlass.cut) io.err('there are more than are listed; ask for a shorter time');
  });

  const answer = program
    .command('answer')
    .description('answer an approver who sent a request back with a question')
    .argument('<id>', 'the action’s id')
    .argument('<text>', 'the answer; approvers read it, and it is sealed')
    .option('--json', 'print the action as JSON');
  withConnection(answer, { as: true }).action(
    async (id: string, text: string, options: ConnectOptions & { json?: boolean }) => {
      const connection = await connect(io, options);
      const path = `${actionPath(id)}/answer`;
      printAction(io, parseAction(await call(connection, { method: 'POST', path, body: { text } })), options);
    },
  );
}

interface ReviewOptions extends ConnectOptions {
  right?: boolean;
  wrong?: boolean;
  reason?: string;
  json?: boolean;
}

interface ReportOptions extends ConnectOptions {
  from?: string;
  to?: string;
  json?: boolean;
}
