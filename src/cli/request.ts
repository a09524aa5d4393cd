/** `countersign request`: asks for one action, and may wait for the humans. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { askFor, printAction, waitUntilClosed } from './actions.ts';
import { connect, withConnection } from './connect.ts';
import { exitOfStatus } from './exit.ts';
import type { Io } from './io.ts';
import { buildRequest, withRequestBody, type RequestBodyOptions } from './request-body.ts';
import { waitLimit } from './values.ts';

interface RequestOptions extends RequestBodyOptions {
  idempotencyKey?: string;
  wait?: string | true;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = withRequestBody(
    program
      .command('request')
      .description(
        'ask for one governed action; exits 0 when it is released, 3 when refused, 4 when it waits or expired',
      ),
  )
    .option('--idempotency-key <key>', 'the same key and request is the same action (default: a new one)')
    .option('--wait [seconds]', 'wait until a human has decided; without seconds, as long as it takes')
    .option('--json', 'print the action as JSON');
  withConnection(command, { as: true }).action((options: RequestOptions) => request(io, options));
}

async function request(io: Io, options: RequestOptions): Promise<void> {
  const limit = waitLimit(options.wait);
  const body = await buildRequest(io, options);
  const connection = await connect(io, options);
  const key = options.idempotencyKey ?? `cli-${randomUUID()}`;
  const first = await askFor(io, connection, { path: 'v1/actions', body, key });
  if (limit !== 0 && first.status === 'supervised') io.err(`${first.id} waits for a human`);
  const action = await waitUntilClosed(io, connection, first, limit);
  printAction(io, action, options);
  io.exitCode = exitOfStatus(action.status);
  if (action.status === 'supervised') io.err(`it still waits; follow it with \`countersign show ${action.id}\``);
}
