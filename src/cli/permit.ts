/** `countersign permit`: a fresh permit of a released action that nobody redeemed. */
import type { Command } from 'commander';
import { actionPath, parseAction, printAction } from './actions.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { exitOfStatus } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface PermitOptions extends ConnectOptions {
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('permit')
    .description('get a fresh permit of a released action that nobody redeemed yet; the permit before it is dead')
    .argument('<id>', 'the action’s id')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: PermitOptions) => {
    const path = `${actionPath(id)}/permit`;
    const action = parseAction(await call(await connect(io, options), { method: 'POST', path }));
    printAction(io, action, options);
    io.exitCode = exitOfStatus(action.status);
  });
}
