/** `countersign scim-token`: tokens for identity providers, which keep the directory by SCIM and do nothing else. */
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

interface ScimTokenOptions extends ConnectOptions {
  for: string;
  days: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const tokens = program
    .command('scim-token')
    .description('tokens of identity providers, which keep the directory by SCIM');
  const verb = (name: string, description: string): Command =>
    withConnection(tokens.command(name).description(description), { as: true }).option('--json', 'print JSON');

  verb('create', 'make a token for an identity provider; it is shown this once')
    .requiredOption('--for <who>', 'whom it is for; that is sealed')
    .option('--days <number>', 'how long it counts, at most 730', '365')
    .action(async (options: ScimTokenOptions) => {
      const body = { for: options.for, days: Number(options.days) };
      const answer = await call(await connect(io, options), { path: 'v1/scim-tokens', method: 'POST', body });
      const made = madeSchema.parse(answer);
      if (options.json === true) io.json(made);
      else io.out(made.token);
    });
  verb('list', 'list the tokens, without their secrets').action(async (options: ScimTokenOptions) => {
    const { tokens: all } = listSchema.parse(await call(await connect(io, options), { path: 'v1/scim-tokens' }));
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
    .action(async (id: string, options: ScimTokenOptions) => {
      await call(await connect(io, options), { path: `v1/scim-tokens/${encodeURIComponent(id)}`, method: 'DELETE' });
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the token ${id} is revoked`);
    });
}
