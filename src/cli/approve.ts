/** `countersign approve`: an approver says yes. */
import type { Command } from 'commander';
import type { Json } from '../contract/index.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { withConnection } from './connect.ts';
import { decide, type DecideOptions } from './decide.ts';
import { exitOfStatus } from './exit.ts';
import type { Io } from './io.ts';
import { collectValues, usage, valueOf } from './values.ts';

export function register(program: Command, io: Io): void {
  const command = program
    .command('approve')
    .description('approve a waiting action; exits 0 when that released it, 4 when others still have to decide')
    .addHelpText('after', `\n${RESPONSIBILITY}`)
    .argument('<id>', 'the action’s id')
    .option('--reason <text>', 'why; sealed with the decision')
    .option(
      '--change <path=value>',
      'a field to lower or set first, where policy allows it (repeatable)',
      collectValues,
    )
    .option('--stage <number>', 'the stage that is meant, from 0 (default: the one that waits)')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: DecideOptions & { change?: string[] }) => {
    // Paths stay dotted: that is how a policy's `mayChange` names them.
    const changes = Object.fromEntries((options.change ?? []).map(changeOf));
    const given = options.change === undefined ? {} : { changes };
    // Printed before the decision is sent, as other doors show it above the button. It is sealed with the decision.
    if (options.json !== true) io.err(RESPONSIBILITY);
    const action = await decide(io, id, { decision: 'approve', ...given }, options);
    io.exitCode = exitOfStatus(action.status);
  });
}

function changeOf(pair: string): [string, Json] {
  const at = pair.indexOf('=');
  if (at < 1) throw usage(`\`--change ${pair}\` has no \`=\`; write --change params.amount=100`);
  const path = pair.slice(0, at);
  return [path, valueOf('--change', path, pair.slice(at + 1))];
}
