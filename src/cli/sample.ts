/** `countersign sample`: random actions that nobody could choose, and that anybody can draw again. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { WORKSHEET_QUESTIONS } from '../audit/index.ts';
import { drawnSampleSchema, type DrawnSample } from '../contract/views/index.ts';
import { csvCell } from '../export/csv.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, download, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';

interface Options extends ConnectOptions {
  size: string;
  word: string;
  from?: string;
  to?: string;
  surface?: string;
  basis?: string;
  strata?: string;
  allAbove?: string;
  worksheet?: string;
  archive?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const sample = program
    .command('sample')
    .description('draw actions to look at: by the log’s root and your own word, so that nobody can have chosen them')
    .requiredOption('--size <n>', 'how many, of each stratum')
    .requiredOption('--word <text>', 'your own word; tell it nobody before')
    .option('--from <time>', 'from this time or day in UTC on; default 90 days before')
    .option('--to <time>', 'before this time, or to the end of this day in UTC')
    .option('--surface <name>', 'of this surface only')
    .option('--basis <basis>', 'of what was released on this basis only, such as override')
    .option('--strata <field>', 'draw apart by: surface or currency')
    .option('--all-above <amount>', 'take everything above this amount')
    .option('--worksheet <file>', 'write what an auditor writes down of each, filled in from the records, as CSV')
    .option('--archive <file>', 'write an evidence archive of just these, for `countersign verify`')
    .option('--json', 'print JSON');
  withConnection(sample, { as: true }).action(async (options: Options) => {
    const { size, word, from, to, surface, basis, strata, allAbove, worksheet: file } = options;
    const asked = {
      size: Number(size),
      word,
      from,
      to,
      surface,
      basis,
      strata,
      allAbove,
      worksheet: file !== undefined,
    };
    const connection = await connect(io, options);
    const answer = readAnswer(
      drawnSampleSchema,
      await call(connection, { method: 'POST', path: 'v1/samples', body: asked }),
    );
    if (file !== undefined) await writeFile(file, sheetOf(answer));
    if (options.archive !== undefined && answer.drawn.length > 0)
      await writeArchive(connection, options.archive, answer);
    if (options.json === true) {
      io.json(answer);
      return;
    }
    for (const { id, stratum, by, lot } of answer.drawn) io.out(`${id}  ${stratum}  by ${by}  ${lot}`);
    io.out(`${answer.drawn.length} of ${answer.population.actions} actions from ${answer.from} to ${answer.to}`);
    io.out(`seed: ${answer.seed} (the root of the log of ${answer.log.size} entries, and your word)`);
    io.out('draw again: the smallest hexadecimal SHA-256 of seed, a zero byte, and id');
  });
}

async function writeArchive(connection: ApiConnection, file: string, { drawn, seed }: DrawnSample): Promise<void> {
  const actions = drawn.map(({ id }) => id).join(',');
  const query = new URLSearchParams({ format: 'bundle', actions, sample: `seed ${seed}` });
  const response = await download(connection, `v1/export?${query.toString()}`);
  await writeFile(file, Buffer.from(await response.arrayBuffer()));
}

/** One row for each answer: what was asked of which action, and the records that prove it. */
function sheetOf({ drawn, worksheet }: DrawnSample): string {
  const strata = new Map(drawn.map(({ id, stratum }) => [id, stratum]));
  const row = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;
  const rows = (worksheet ?? []).flatMap(({ id, cells }) =>
    cells.map(({ question, answer, says, proof }) =>
      row([id, strata.get(id) ?? '', question, WORKSHEET_QUESTIONS[question], answer, says, proof.join(' '), '']),
    ),
  );
  const header = ['action', 'stratum', 'test', 'question', 'answer', 'says', 'records', 'auditor_notes'];
  return [row(header), ...rows].join('');
}
