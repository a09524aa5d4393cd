/** `countersign shown`: what an approver was shown, as a file that `countersign verify --shown` checks. */
import type { Command } from 'commander';
import { shownAgainSchema } from '../contract/views/index.ts';
import { CountersignError } from '../contract/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

export function register(program: Command, io: Io): void {
  const command = program
    .command('shown')
    .description('print what an approver was shown, to be rendered again: the sealed hash must come out')
    .argument('<record>', 'hash of the decision’s record');
  withConnection(command, { as: true }).action(async (record: string, options: ConnectOptions) => {
    const { findShownCard: findShown } = await import('../teams/card/shown.ts');
    const answer = await call(await connect(io, options), { path: `v1/records/${encodeURIComponent(record)}/shown` });
    const { by, shown, models } = readAnswer(shownAgainSchema, answer);
    const rendering = findShown(shown, by, models);
    if (rendering === null) {
      throw new CountersignError('invalid-evidence', 'nothing that the server kept renders to the sealed hash');
    }
    io.json({ kind: 'countersign.shown/v1', record, ...rendering });
  });
}
