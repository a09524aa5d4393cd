/** `countersign grants`: current standing approvals; `--revoke` ends one immediately. */
import type { Command } from 'commander';
import { grantListSchema, type GrantView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface GrantsOptions extends ConnectOptions {
  revoke?: string;
  reason?: string;
  json?: boolean;
}

function line({ id, by, surface, verb, actor, until, uses, used, upTo, sum, currency }: GrantView): string {
  const money = upTo === null ? '' : `, ${sum} of ${upTo}${currency === null ? '' : ` ${currency}`}`;
  return `${id}  ${verb} on ${surface} by ${actor}, until ${until}: ${String(used)} of ${String(uses)} used${money}; given by ${by}`;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('grants')
    .description('list the standing approvals in force that concern you, or end one at once')
    .option('--revoke <id>', 'end the one of that id')
    .option('--reason <text>', 'why it is ended; sealed')
    .option('--json', 'print JSON');
  withConnection(command, { as: true }).action(async ({ revoke, reason, json, ...options }: GrantsOptions) => {
    const connection = await connect(io, options);
    if (revoke !== undefined) {
      const path = `v1/grants/${encodeURIComponent(revoke)}/revoke`;
      await call(connection, { method: 'POST', path, body: reason === undefined ? {} : { reason } });
      return void io.err(`${revoke} is ended: nothing is released under it any more`);
    }
    const { grants } = readAnswer(grantListSchema, await call(connection, { path: 'v1/grants' }));
    if (json === true) io.json({ grants });
    else for (const grant of grants) io.out(line(grant));
  });
}
