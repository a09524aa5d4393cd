/** The verbs `create`, `list` and `revoke` of tokens that are made for one purpose, and end by themselves. */
import type { Command } from 'commander';
import { z } from 'zod';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { collectValues } from './values.ts';

const madeSchema = z.looseObject({ id: z.string(), token: z.string(), expiresAt: z.string() });
const listSchema = z.object({
  tokens: z.array(
    z.looseObject({
      id: z.string(),
      for: z.string(),
      expiresAt: z.string(),
      revokedAt: z.string().nullable(),
      surfaces: z.array(z.string()).optional(),
    }),
  ),
});

interface TokenOptions extends ConnectOptions {
  for: string;
  days: string;
  surface?: string[];
  json?: boolean;
}

export interface TokenKind {
  /** Address in the API. */
  path: string;
  /** Help text of `create`. */
  create: string;
  /** Days that a token counts unless said otherwise, and at most. */
  days: { usual: number; most: number };
  /** What `--surface` narrows it to; left out where there is nothing to narrow. */
  surfaces?: string;
}

/** Adds the verbs below `tokens`. */
export function addTokenVerbs(tokens: Command, io: Io, { path, create, days, surfaces }: TokenKind): void {
  const verb = (name: string, description: string): Command =>
    withConnection(tokens.command(name).description(description), { as: true }).option('--json', 'print JSON');

  const made = verb('create', create);
  if (surfaces !== undefined) made.option('--surface <glob>', surfaces, collectValues);
  made
    .requiredOption('--for <who>', 'whom it is for; that is sealed')
    .option('--days <number>', `how long it counts, at most ${days.most}`, String(days.usual))
    .action(async (options: TokenOptions) => {
      const { for: who, surface } = options;
      const body = { for: who, days: Number(options.days), ...(surface === undefined ? {} : { surfaces: surface }) };
      const token = madeSchema.parse(await call(await connect(io, options), { path, method: 'POST', body }));
      if (options.json === true) io.json(token);
      else io.out(token.token);
    });
  verb('list', 'list the tokens, without their secrets').action(async (options: TokenOptions) => {
    const { tokens: all } = listSchema.parse(await call(await connect(io, options), { path }));
    if (options.json === true) {
      io.json({ tokens: all });
      return;
    }
    for (const { id, for: who, expiresAt, revokedAt, surfaces: of } of all) {
      const narrowed = of === undefined ? '' : `  ${of.join(' ')}`;
      io.out(`${id}  ${who}${narrowed}  until ${expiresAt}${revokedAt === null ? '' : `  revoked ${revokedAt}`}`);
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
