/** `countersign approve`: an approver says yes. */
import type { Command } from 'commander';
import type { DecisionInput, Json } from '../contract/index.ts';
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
    .option('--grant-until <time>', 'and the like until then, where policy allows it (RFC 3339)')
    .option('--grant-uses <number>', 'at most so many of them')
    .option('--grant-up-to <amount>', 'and at most so much in all')
    .option('--stage <number>', 'the stage that is meant, from 0 (default: the one that waits)')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: ApproveOptions) => {
    // Paths stay dotted: that is how a policy's `mayChange` names them.
    const changes = Object.fromEntries((options.change ?? []).map(changeOf));
    const given = options.change === undefined ? {} : { changes };
    // Printed before the decision is sent, as other doors show it above the button. It is sealed with the decision.
    if (options.json !== true) io.err(RESPONSIBILITY);
    const action = await decide(io, id, { decision: 'approve', ...given, ...grantOf(options) }, options);
    if (action.grant !== undefined)
      io.err(`and the like: ${action.grant}; end it with \`countersign grants --revoke ${action.grant}\``);
    io.exitCode = exitOfStatus(action.status);
  });
}

interface ApproveOptions extends DecideOptions {
  change?: string[];
  grantUntil?: string;
  grantUses?: string;
  grantUpTo?: string;
}

function grantOf({ grantUntil, grantUses, grantUpTo }: ApproveOptions): Pick<DecisionInput, 'grant'> {
  if (grantUntil === undefined) {
    if (grantUses === undefined && grantUpTo === undefined) return {};
    throw usage('a standing approval ends some time; add --grant-until');
  }
  if (grantUses !== undefined && !/^\d{1,4}$/.test(grantUses)) throw usage('--grant-uses is a number, such as 20');
  return {
    grant: {
      until: grantUntil,
      ...(grantUses === undefined ? {} : { uses: Number(grantUses) }),
      ...(grantUpTo === undefined ? {} : { upTo: grantUpTo }),
    },
  };
}

function changeOf(pair: string): [string, Json] {
  const at = pair.indexOf('=');
  if (at < 1) throw usage(`\`--change ${pair}\` has no \`=\`; write --change params.amount=100`);
  const path = pair.slice(0, at);
  return [path, valueOf('--change', path, pair.slice(at + 1))];
}
