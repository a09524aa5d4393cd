/** The verbs `create`, `list` and `revoke` of tokens that serve a single purpose and expire. */
import type { Command } from 'commander';
import { z } from 'zod';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { endOnce, sameNames, withIfAbsent, type IfAbsent } from './settled.ts';
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

interface TokenOptions extends ConnectOptions, IfAbsent {
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
  /** Default and maximum number of days that a token counts. */
  days: { usual: number; most: number };
  /** What `--surface` narrows it to; left out where there is nothing to narrow. */
  surfaces?: string;
}

/** Adds the verbs below `tokens`. */
export function addTokenVerbs(tokens: Command, io: Io, { path, create, days, surfaces }: TokenKind): void {
  const verb = (name: string, description: string): Command =>
    withConnection(tokens.command(name).description(description), { as: true }).option('--json', 'print JSON');

  const listed = async (connection: ApiConnection) => listSchema.parse(await call(connection, { path })).tokens;
  const made = withIfAbsent(verb('create', create), 'a live one for the same');
  if (surfaces !== undefined) made.option('--surface <glob>', surfaces, collectValues);
  made
    .requiredOption('--for <who>', 'whom it is for; that is sealed')
    .option('--days <number>', `how long it counts, at most ${days.most}`, String(days.usual))
    .action(async (options: TokenOptions) => {
      const { for: who, surface } = options;
      const body = { for: who, days: Number(options.days), ...(surface === undefined ? {} : { surfaces: surface }) };
      const connection = await connect(io, options);
      const known = options.ifAbsent === true ? await listed(connection) : [];
      const same = known.find(
        (one) =>
          one.for === who &&
          one.revokedAt === null &&
          Date.parse(one.expiresAt) > Date.now() &&
          (surface === undefined || sameNames(one.surfaces ?? [], surface)),
      );
      if (same !== undefined) {
        if (options.json === true) io.json(same);
        else io.out(`there is a token for that: ${same.id}, until ${same.expiresAt}`);
        return;
      }
      const token = madeSchema.parse(await call(connection, { path, method: 'POST', body }));
      if (options.json === true) io.json(token);
      else io.out(token.token);
    });
  verb('list', 'list the tokens, without their secrets').action(async (options: TokenOptions) => {
    const all = await listed(await connect(io, options));
    if (options.json === true) {
      io.json({ tokens: all });
      return;
    }
    for (const { id, for: who, expiresAt, revokedAt, surfaces: of } of all) {
      const narrowed = of === undefined ? '' : `  ${of.join(' ')}`;
      io.out(`${id}  ${who}${narrowed}  until ${expiresAt}${revokedAt === null ? '' : `  revoked ${revokedAt}`}`);
    }
  });
  verb('revoke', 'end a token at once; one that ended before is left as it is')
    .argument('<id>', 'the token’s id')
    .action(async (id: string, options: TokenOptions) => {
      const connection = await connect(io, options);
      await endOnce(
        () => call(connection, { path: `${path}/${encodeURIComponent(id)}`, method: 'DELETE' }),
        async () => (await listed(connection)).some((one) => one.id === id && one.revokedAt !== null),
      );
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the token ${id} is revoked`);
    });
}
