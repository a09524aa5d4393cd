/** `countersign read-token`: tokens for auditors and witnesses, who read the log and nothing else. */
import type { Command } from 'commander';
import { z } from 'zod';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

const madeSchema = z.looseObject({ id: z.string(), token: z.string(), expiresAt: z.string() });
const listSchema = z.object({
  tokens: z.array(
    z.looseObject({ id: z.string(), for: z.string(), expiresAt: z.string(), revokedAt: z.string().nullable() }),
  ),
});

interface ReadTokenOptions extends ConnectOptions {
  for: string;
  days: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const tokens = program.command('read-token').description('tokens that read the log and its receipts, nothing else');
  const verb = (name: string, description: string): Command =>
    withConnection(tokens.command(name).description(description), { as: true }).option('--json', 'print JSON');

  verb('create', 'make a token for one auditor or witness; it is shown this once')
    .requiredOption('--for <who>', 'whom it is for; that is sealed')
    .option('--days <number>', 'how long it counts, at most 92', '7')
    .action(async (options: ReadTokenOptions) => {
      const body = { for: options.for, days: Number(options.days) };
      const answer = await call(await connect(io, options), { path: 'v1/read-tokens', method: 'POST', body });
      const made = madeSchema.parse(answer);
      if (options.json === true) io.json(made);
      else io.out(made.token);
    });
  verb('list', 'list the tokens, without their secrets').action(async (options: ReadTokenOptions) => {
    const { tokens: all } = listSchema.parse(await call(await connect(io, options), { path: 'v1/read-tokens' }));
    if (options.json === true) {
      io.json({ tokens: all });
      return;
    }
    for (const { id, for: who, expiresAt, revokedAt } of all) {
      io.out(`${id}  ${who}  until ${expiresAt}${revokedAt === null ? '' : `  revoked ${revokedAt}`}`);
    }
  });
  verb('revoke', 'end a token at once')
    .argument('<id>', 'the token’s id')
    .action(async (id: string, options: ReadTokenOptions) => {
      await call(await connect(io, options), { path: `v1/read-tokens/${encodeURIComponent(id)}`, method: 'DELETE' });
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the token ${id} is revoked`);
    });
}
