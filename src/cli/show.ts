/** `countersign show`: the state of an action, and its receipts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Action } from '../contract/index.ts';
import { actionPath, parseAction, printAction, waitUntilClosed } from './actions.ts';
import { wholeSchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { exitOfStatus } from './exit.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { waitLimit } from './values.ts';

interface ShowOptions extends ConnectOptions {
  wait?: string | true;
  receipts?: string;
  whole?: boolean;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('show')
    .description('show how an action stands; exits 0 when it is released, 3 when refused, 4 when it waits or expired')
    .argument('<id>', 'the action’s id')
    .option('--wait [seconds]', 'wait until it is closed; without seconds, as long as it takes')
    .option('--whole', 'also print everything that a decision rests on, uncut; that you opened it is sealed')
    .option('--receipts <folder>', 'write the receipt of each of its records into a folder, for `countersign verify`')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action(async (id: string, options: ShowOptions) => {
    const limit = waitLimit(options.wait);
    const path = actionPath(id);
    const connection = await connect(io, options);
    const first = parseAction(await call(connection, { path }));
    const action = await waitUntilClosed(io, connection, first, limit);
    if (options.whole === true) await printWhole(io, connection, action, options.json);
    else printAction(io, action, options);
    if (options.receipts !== undefined) await writeReceipts(io, connection, action, options.receipts);
    io.exitCode = exitOfStatus(action.status);
  });
}

/** Opens the full content for an approver, so that their approval can rest on it. */
async function printWhole(io: Io, connection: ApiConnection, action: Action, asJson = false): Promise<void> {
  const { whole, shown } = readAnswer(wholeSchema, await call(connection, { path: `${actionPath(action.id)}/whole` }));
  if (asJson) return io.json({ action, whole, shown });
  printAction(io, action);
  io.out(JSON.stringify(whole, null, 2));
  io.err(`what you read is ${shown.hash}; that you opened it is record ${shown.opening}`);
}

/** One file for each record, numbered in the order in which they were sealed. */
async function writeReceipts(io: Io, connection: ApiConnection, action: Action, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [index, hash] of action.records.entries()) {
    const receipt = await call(connection, { path: `v1/records/${encodeURIComponent(hash)}/receipt` });
    const file = join(folder, `${action.id}-${index}.receipt.json`);
    await writeFile(file, `${JSON.stringify(receipt, null, 2)}\n`);
    io.err(`wrote ${file}`);
  }
}
