/** `countersign findings`: what the finance tests ask to be looked at, and what people said about it. */
import { Option, type Command } from 'commander';
import { CONCLUSIONS, findingDetailSchema, findingsSchema, type FindingView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

/** Each is a parameter of the query. */
const FILTERS = ['from', 'to', 'surface', 'test', 'action'] as const;
type Options = ConnectOptions &
  Partial<Record<(typeof FILTERS)[number], string>> & { unanswered?: boolean; json?: boolean };
type AnswerOptions = ConnectOptions & { conclusion: string; reason: string; json?: boolean };

export function register(program: Command, io: Io): void {
  const findings = program
    .command('findings')
    .description(
      'what sixteen finance tests ask to be looked at, and what people said about it; for owners and auditors',
    );
  const list = findings
    .command('list', { isDefault: true })
    .description('findings of a time, unanswered first')
    .option('--from <time>', 'from this time or day in UTC on; default 90 days before')
    .option('--to <time>', 'before this time, or to the end of this day in UTC')
    .option('--surface <name>', 'about this surface')
    .option('--test <name>', 'of this test')
    .option('--action <id>', 'that name this action')
    .option('--unanswered', 'that nobody answered')
    .option('--json', 'print JSON');
  withConnection(list, { as: true }).action(async (options: Options) => {
    const query = new URLSearchParams(options.unanswered === true ? { answered: 'false' } : {});
    for (const name of FILTERS) {
      const value = options[name];
      if (value !== undefined) query.set(name, value);
    }
    const answer = readAnswer(findingsSchema, await call(await connect(io, options), { path: `v1/findings?${query}` }));
    if (options.json === true) {
      io.json(answer);
      return;
    }
    for (const finding of answer.findings) linesOf(finding).forEach(io.out);
    const unanswered = answer.findings.filter(({ answers }) => answers.length === 0).length;
    io.out(
      `${answer.findings.length} findings, ${unanswered} unanswered, in ${answer.actions} actions from ${answer.from} to ${answer.to}`,
    );
  });
  const say = findings
    .command('answer')
    .description('say what you found out about a finding; sealed, and seen beside it from then on')
    .argument('<id>', 'the finding’s id, `fnd_…`')
    .addOption(new Option('--conclusion <word>', 'what it came to').choices(CONCLUSIONS).makeOptionMandatory())
    .requiredOption('--reason <text>', 'what was found out, in words')
    .option('--json', 'print JSON');
  withConnection(say, { as: true }).action(
    async (id: string, { conclusion, reason, json, ...options }: AnswerOptions) => {
      const path = `v1/findings/${encodeURIComponent(id)}/answers`;
      const body = { conclusion, reason };
      const connection = await connect(io, options);
      const finding = readAnswer(findingDetailSchema, await call(connection, { method: 'POST', path, body }));
      if (json === true) io.json(finding);
      else linesOf(finding).forEach(io.out);
    },
  );
}

const linesOf = ({ id, test, sentence, actions, answers, found }: FindingView): string[] => [
  `${id}  ${test}  ${sentence}${found ? '' : ' (found no more)'}`,
  ...(actions.length === 0
    ? []
    : [`  ${actions.slice(0, 5).join(' ')}${actions.length > 5 ? ` and ${actions.length - 5} more` : ''}`]),
  ...answers.map(({ by, at, conclusion, reason }) => `  ${by} at ${at}: ${conclusion}, “${reason}”`),
];
