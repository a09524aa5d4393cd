/** `countersign scim-token`: tokens for identity providers, which keep the directory by SCIM and do nothing else. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { addTokenVerbs } from './token-verbs.ts';

export function register(program: Command, io: Io): void {
  const tokens = program
    .command('scim-token')
    .description('tokens of identity providers, which keep the directory by SCIM');
  addTokenVerbs(tokens, io, {
    path: 'v1/scim-tokens',
    create: 'make a token for an identity provider; it is shown this once',
    days: { usual: 365, most: 730 },
  });
}
