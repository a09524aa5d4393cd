/** `countersign statement`: what a bank, a card processor or a cloud says happened, compared with what was governed. */
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { statementListSchema, comparedStatementSchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { EXIT } from './exit.ts';
import { call, upload } from './http.ts';
import type { Io } from './io.ts';
import { usage } from './values.ts';

/** Each is a parameter of the query. */
const PARAMETERS = ['from', 'to', 'surface', 'by', 'key', 'amount', 'currency', 'at', 'separator', 'decimal'] as const;
type Options = ConnectOptions &
  Partial<Record<(typeof PARAMETERS)[number], string>> & { source: string; minor?: boolean; json?: boolean };

export function register(program: Command, io: Io): void {
  const statement = program
    .command('statement')
    .description('statements of the outside, compared with what was governed; for owners and auditors');
  const load = statement
    .command('import')
    .description(
      'name every effect without a release, of another amount, or twice, and what the statement lacks; sealed',
    )
    .argument('<file>', 'a table with a row of headings (CSV, UTF-8)')
    .requiredOption('--source <name>', 'whose it is, such as bank; its columns are remembered under this name')
    .addOption(new Option('--by <what>', 'what a row is found by').choices(['reference', 'action', 'resource']))
    .option('--key <heading>', 'column with it')
    .option('--amount <heading>', 'column with the amount')
    .option('--currency <heading>', 'column with the currency')
    .option('--at <heading>', 'column that says when')
    .option('--separator <character>', 'what separates cells; found out unless given')
    .addOption(new Option('--decimal <mark>', 'decimal mark of amounts').choices(['.', ',']))
    .option('--minor', 'amounts are whole numbers of the smallest unit, such as cents')
    .option('--from <time>', 'what was executed from this time or day in UTC on has to be on it')
    .option('--to <time>', 'before this time, or to the end of this day in UTC')
    .option('--surface <name>', 'compare with this surface only')
    .option('--json', 'print JSON');
  withConnection(load, { as: true }).action(async (path: string, options: Options) => {
    await access(path).catch(() => {
      throw usage(`there is no file ${path} that can be read`);
    });
    const query = new URLSearchParams({ source: options.source, file: basename(path) });
    for (const name of PARAMETERS) {
      const value = options[name];
      if (value !== undefined) query.set(name, value);
    }
    if (options.minor === true) query.set('minor', 'true');
    const answer = await upload(await connect(io, options), {
      path: `v1/statements?${query.toString()}`,
      type: 'text/csv',
      body: createReadStream(path),
    });
    const said = readAnswer(comparedStatementSchema, answer);
    const { rows, agreed, ungoverned, altered, doubled, contradicted, lacking, unreadable } = said.counts;
    const wrong = ungoverned + altered + doubled + contradicted + lacking + unreadable;
    if (options.json === true) io.json(said);
    else {
      for (const { kind, sentence, action } of said.issues)
        io.out(`${kind}  ${sentence}${action === null ? '' : `  ${action}`}`);
      if (wrong > said.issues.length) io.out(`and ${wrong - said.issues.length} more`);
      io.out(
        `${rows} rows: ${agreed} agree, ${ungoverned} ungoverned, ${altered} altered, ${doubled} doubled, ${contradicted} contradicted, ${unreadable} unreadable; ${lacking} executions are not on the statement`,
      );
      io.out(`sealed as ${said.record}; SHA-256 of the file: ${said.file.digest}`);
    }
    if (wrong > 0) io.exitCode = EXIT.refused;
  });
  const list = statement.command('list').description('statements that were compared').option('--json', 'print JSON');
  withConnection(list, { as: true }).action(async (options: ConnectOptions & { json?: boolean }) => {
    const connection = await connect(io, options);
    const answer = readAnswer(statementListSchema, await call(connection, { path: 'v1/statements' }));
    if (options.json === true) io.json(answer);
    else
      for (const { at, source, file, by, counts } of answer.statements)
        io.out(
          `${at}  ${source}  ${file.name ?? file.digest}  by ${by}: ${counts.agreed} of ${counts.rows} rows agree`,
        );
  });
}
