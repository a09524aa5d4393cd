/** `countersign projection`: checks that lists and reports show what was sealed. */
import type { Command } from 'commander';
import { projectionCheckSchema, projectionRebuiltSchema, type ProjectionCheck } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { EXIT } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

export function register(program: Command, io: Io): void {
  const projection = program
    .command('projection')
    .description('the read model that lists and reports come from: compare it with the log, or make it again');
  const check = projection
    .command('check')
    .description('compare every column of every row with the sealed records; exit code 3 when something differs')
    .option('--json', 'print JSON');
  withConnection(check, { as: true }).action(async (options: ConnectOptions & { json?: boolean }) => {
    const connection = await connect(io, options);
    const comparison = {
      size: 0,
      actions: 0,
      differences: [] as object[],
      windows: [] as number[],
      findings: [] as string[],
      days: [] as string[],
    };
    const lines: string[] = [];
    for (let from: number | null = 0; from !== null;) {
      const answer = await call(connection, { path: `v1/projection?from=${from}` });
      const { next, size, ...part }: ProjectionCheck = readAnswer(projectionCheckSchema, answer);
      comparison.size = size;
      comparison.actions += part.actions;
      comparison.differences.push(...part.differences);
      comparison.windows.push(...part.windows);
      for (const { action, change, columns } of part.differences) {
        lines.push(`${action}: ${WHAT[change]}${columns.length === 0 ? '' : `: ${columns.join(', ')}`}`);
      }
      for (const number of part.windows)
        lines.push(`the times of part ${number} of the log are not those of its entries`);
      comparison.days.push(...part.days);
      for (const day of part.days) lines.push(`${day}: the sums of this day are not those of its rows`);
      comparison.findings.push(...part.findings);
      for (const id of part.findings)
        lines.push(`${id}: this finding is not what the rows say, or its answer not what is sealed`);
      from = next;
    }
    if (options.json === true) io.json(comparison);
    else {
      lines.forEach(io.out);
      io.out(
        `${comparison.actions} actions of ${comparison.size} entries compared: ${lines.length === 0 ? 'nothing differs' : `${lines.length} differ; make it again with \`countersign projection rebuild\`, and find out who changed the database`}`,
      );
    }
    if (lines.length > 0) io.exitCode = EXIT.refused;
  });
  const rebuild = projection
    .command('rebuild')
    .description('forget all rows and make them again from the log')
    .option('--json', 'print JSON');
  withConnection(rebuild, { as: true }).action(async (options: ConnectOptions & { json?: boolean }) => {
    const connection = await connect(io, options);
    const answer = await call(connection, { method: 'POST', path: 'v1/projection/rebuild' });
    const { size, logSize, done } = readAnswer(projectionRebuiltSchema, answer);
    if (options.json === true) io.json({ size, logSize, done });
    else if (done) io.out(`made again from ${size} of ${logSize} entries`);
    else
      io.out(
        `made again from ${size} of ${logSize} entries so far; the rest follows by itself, and lists say in \`asOf\` how far they are`,
      );
  });
}

const WHAT = {
  inserted: 'somebody added this row; no record says that there is such an action',
  altered: 'not what its records say',
  removed: 'its row is missing',
} as const;
