/** `countersign erase`: deletes the payload of a closed action, and keeps its records. */
import type { Command } from 'commander';
import { actionPath, parseAction, printAction } from './actions.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface EraseOptions extends ConnectOptions {
  reason: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('erase')
    .description('delete payload, key and history of a closed action; its records and proofs stay')
    .argument('<id>', 'the action’s id')
    .requiredOption('--reason <text>', 'why; sealed')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: EraseOptions) => {
    const connection = await connect(io, options);
    const path = `${actionPath(id)}/erase`;
    const action = parseAction(await call(connection, { method: 'POST', path, body: { reason: options.reason } }));
    if (options.json !== true) io.out('erased: payload, key and history are deleted; the records stay');
    printAction(io, action, options);
  });
}
