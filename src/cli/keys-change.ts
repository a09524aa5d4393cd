/** `countersign keys rotate` and `revoke`: requests by an owner to the running stack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { keySchema, rotatedKeySchema, SIGNING_USES } from '../contract/views/index.ts';
import { isCountersignError } from '../contract/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, type HttpCall, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { usage } from './values.ts';

interface ChangeOptions extends ConnectOptions {
  use: string;
  signer?: string;
  reason: string;
  beside?: string;
  from?: string;
  json?: boolean;
}

export function registerChanges(keys: Command, io: Io): void {
  const verb = (name: string, description: string): Command =>
    withConnection(keys.command(name).description(description), { as: true })
      .requiredOption('--reason <text>', 'why; it is sealed')
      .option('--json', 'print JSON');

  verb('rotate', 'bring a new key into use; a record that the old one signs introduces it')
    .addOption(new Option('--use <what>', 'what the key signs').choices(SIGNING_USES).makeOptionMandatory())
    .option('--signer <where>', 'where the new key is, such as aws-kms:alias/records-2 (default: as the setting says)')
    .option('--beside <days>', 'of a log key: how long the old one signs beside the new one (default: 7)')
    .action(async (options: ChangeOptions) => {
      const { use, signer, reason } = options;
      const body = {
        use,
        reason,
        ...(signer === undefined ? {} : { signer }),
        ...(options.beside === undefined ? {} : { besideDays: number('--beside', options.beside) }),
      };
      const rotated = readAnswer(
        rotatedKeySchema,
        await call(await connect(io, options), { path: 'v1/signing-keys', method: 'POST', body, allowMs: 20_000 }),
      );
      if (options.json === true) io.json(rotated);
      else io.out(`the ${use} key ${rotated.kid} (${rotated.signer}) signs now, in place of ${rotated.replaces}`);
    });

  verb('revoke', 'from an entry of the log on, nothing counts that a replaced key signed')
    .argument('<kid>', 'the key, as `keys list` names it')
    .option('--from <entry>', 'the entry (default: the next one)')
    .action(async (kid: string, options: ChangeOptions) => {
      const body = {
        reason: options.reason,
        ...(options.from === undefined ? {} : { from: number('--from', options.from) }),
      };
      const path = `v1/signing-keys/${encodeURIComponent(kid)}/revoke`;
      const answer = await whenSettled(io, await connect(io, options), { path, method: 'POST', body, allowMs: 20_000 });
      const { revoked, use } = readAnswer(keySchema, answer);
      if (options.json === true) io.json({ kid, use, revoked });
      else
        io.out(
          `the ${use} key ${kid} is revoked: from entry ${revoked?.from ?? 'unknown'} of the log on, nothing counts that it signs`,
        );
    });
}

/** A key that was just replaced can be revoked once everything it signed is in the log. The server says how long that takes. */
async function whenSettled(io: Io, connection: ApiConnection, request: HttpCall): Promise<unknown> {
  for (let round = 0; ; round += 1) {
    try {
      return await call(connection, request);
    } catch (error) {
      const wait = isCountersignError(error) && error.code === 'conflict' ? error.extensions['retryAfter'] : undefined;
      if (typeof wait !== 'number' || round > 2) throw error;
      io.err(`the key was replaced only just now; waiting ${wait} seconds for what it signed`);
      await sleep(wait * 1000);
    }
  }
}

function number(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw usage(`${option} is a whole number`);
  return Number(text);
}
