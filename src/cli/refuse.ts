/** `countersign refuse`: an approver says no. */
import type { Command } from 'commander';
import { withConnection } from './connect.ts';
import { decide, type DecideOptions } from './decide.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';

export function register(program: Command, io: Io): void {
  const command = program
    .command('refuse')
    .description('refuse a waiting action; exits 0 when it is refused, 4 when others still have to decide')
    .argument('<id>', 'the action’s id')
    .requiredOption('--reason <text>', 'why; sealed with the decision')
    .option('--stage <number>', 'the stage that is meant, from 0 (default: the one that waits)')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: DecideOptions) => {
    const action = await decide(io, id, { decision: 'refuse' }, options);
    io.exitCode = action.status === 'refused' ? EXIT.ok : EXIT.waiting;
  });
}
