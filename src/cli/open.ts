/** `countersign open`: opens one commitment of a record, as a file that `countersign verify --open` checks. */
import type { Command } from 'commander';
import { openingSchema } from '../sealing/opening.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface OpenOptions extends ConnectOptions {
  reason: string;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('open')
    .description('open one commitment of a record: prints value and salt as JSON; opens no other, and is sealed')
    .argument('<record>', 'the record’s hash')
    .argument('<path>', 'as the record’s commitments write it, such as params.note')
    .requiredOption('--reason <text>', 'why and for whom; sealed');
  withConnection(command, { as: true }).action(async (record: string, path: string, options: OpenOptions) => {
    const connection = await connect(io, options);
    const opening = await call(connection, {
      method: 'POST',
      path: `v1/records/${encodeURIComponent(record)}/openings`,
      body: { path, reason: options.reason },
    });
    io.json(readAnswer(openingSchema, opening));
  });
}
