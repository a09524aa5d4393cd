/** `countersign read-token`: tokens for auditors and witnesses, who read the log and nothing else. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { addTokenVerbs } from './token-verbs.ts';

export function register(program: Command, io: Io): void {
  const tokens = program.command('read-token').description('tokens that read the log and its receipts, nothing else');
  addTokenVerbs(tokens, io, {
    path: 'v1/read-tokens',
    create: 'make a token for one auditor or witness; it is shown this once',
    days: { usual: 7, most: 92 },
    surfaces: 'only records and receipts of these surfaces, such as `payments.*`; repeatable (default: the whole log)',
  });
}
