/** `countersign sample`: actions that nobody chose, and that anybody can draw again. */
import type { Command } from 'commander';
import { drawnSampleSchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
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
    .option('--json', 'print JSON');
  withConnection(sample, { as: true }).action(async (options: Options) => {
    const { size, word, from, to, surface, basis, strata, allAbove } = options;
    const asked = { size: Number(size), word, from, to, surface, basis, strata, allAbove };
    const connection = await connect(io, options);
    const answer = readAnswer(
      drawnSampleSchema,
      await call(connection, { method: 'POST', path: 'v1/samples', body: asked }),
    );
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
