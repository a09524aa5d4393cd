/** The verbs `create`, `list` and `revoke` of tokens that are made for one purpose, and end by themselves. */
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

interface TokenOptions extends ConnectOptions {
  for: string;
  days: string;
  json?: boolean;
}

export interface TokenKind {
  /** Address in the API. */
  path: string;
  /** Help text of `create`. */
  create: string;
  /** Days that a token counts unless said otherwise, and at most. */
  days: { usual: number; most: number };
}

/** Adds the verbs below `tokens`. */
export function addTokenVerbs(tokens: Command, io: Io, { path, create, days }: TokenKind): void {
  const verb = (name: string, description: string): Command =>
    withConnection(tokens.command(name).description(description), { as: true }).option('--json', 'print JSON');

  verb('create', create)
    .requiredOption('--for <who>', 'whom it is for; that is sealed')
    .option('--days <number>', `how long it counts, at most ${days.most}`, String(days.usual))
    .action(async (options: TokenOptions) => {
      const body = { for: options.for, days: Number(options.days) };
      const made = madeSchema.parse(await call(await connect(io, options), { path, method: 'POST', body }));
      if (options.json === true) io.json(made);
      else io.out(made.token);
    });
  verb('list', 'list the tokens, without their secrets').action(async (options: TokenOptions) => {
    const { tokens: all } = listSchema.parse(await call(await connect(io, options), { path }));
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
    .action(async (id: string, options: TokenOptions) => {
      await call(await connect(io, options), { path: `${path}/${encodeURIComponent(id)}`, method: 'DELETE' });
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the token ${id} is revoked`);
    });
}
