/** `countersign reconcile`: an owner settles what nobody reported in time. */
import { Option, type Command } from 'commander';
import { OUTCOME_STATUSES } from '../contract/index.ts';
import { actionPath, parseAction, printAction } from './actions.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface ReconcileOptions extends ConnectOptions {
  status: string;
  reason: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('reconcile')
    .description('settle an unreported action by what the other system says; sealed as a reconciliation')
    .argument('<id>', 'the action’s id')
    .addOption(new Option('--status <status>', 'what became of it').choices(OUTCOME_STATUSES).makeOptionMandatory())
    .requiredOption('--reason <text>', 'how that is known; sealed')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: ReconcileOptions) => {
    const connection = await connect(io, options);
    const { status, reason } = options;
    const path = actionPath(id);
    const now = parseAction(await call(connection, { path }));
    const settled =
      now.status === status
        ? now
        : parseAction(await call(connection, { method: 'POST', path: `${path}/reconcile`, body: { status, reason } }));
    printAction(io, settled, options);
  });
}
