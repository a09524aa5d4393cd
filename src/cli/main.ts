/** The command line: one file for each verb, each loading no more than it needs. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { EXIT, exitOfError } from './exit.ts';
import { processIo, type Io } from './io.ts';
import { register as apiKey } from './api-key.ts';
import { register as approve } from './approve.ts';
import { register as attempts } from './attempts.ts';
import { register as audit } from './audit.ts';
import { register as freeze } from './freeze.ts';
import { register as erase } from './erase.ts';
import { register as exportRecords } from './export.ts';
import { register as evaluate } from './evaluate.ts';
import { register as keys } from './keys.ts';
import { register as open } from './open.ts';
import { register as policy } from './policy.ts';
import { register as refuse } from './refuse.ts';
import { register as readToken } from './read-token.ts';
import { register as replay } from './replay.ts';
import { register as request } from './request.ts';
import { register as review } from './review.ts';
import { register as services } from './services.ts';
import { register as show } from './show.ts';
import { register as shown } from './shown.ts';
import { register as tenant } from './tenant.ts';
import { register as token } from './token.ts';
import { register as verify } from './verify.ts';

/** All verbs, in the order in which help lists them. */
const VERBS = [
  services,
  request,
  approve,
  refuse,
  show,
  token,
  verify,
  audit,
  exportRecords,
  open,
  shown,
  erase,
  keys,
  policy,
  evaluate,
  replay,
  freeze,
  review,
  attempts,
  apiKey,
  tenant,
  readToken,
];

export function createProgram(io: Io): Command {
  const program = new Command('countersign')
    .description('The approval engine in front of irreversible actions.')
    .version(version())
    .configureOutput({
      writeOut: (text) => linesOf(text).forEach(io.out),
      writeErr: (text) => linesOf(text).forEach(io.err),
    })
    .showHelpAfterError('(add --help for what this command takes)')
    .addHelpText(
      'after',
      '\nExit codes: 0 approved or valid, 1 fault, 2 usage, 3 refused or invalid, 4 expired or still waiting.',
    )
    .exitOverride();
  for (const register of VERBS) register(program, io);
  return program;
}

/** Runs one command line. @returns its exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: 'user' });
    return io.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return fail(error, io, args.includes('--json'));
  }
}

function fail(error: unknown, io: Io, json: boolean): number {
  const known = isCountersignError(error)
    ? error
    : new CountersignError(
        'internal',
        `${error instanceof Error ? error.message : String(error)}; this is a fault of countersign: report it with the command you ran`,
      );
  if (json) {
    const { code, message: detail, errors, extensions } = known;
    io.err(JSON.stringify({ ...extensions, code, detail, ...(errors.length > 0 ? { errors } : {}) }));
  } else {
    io.err(`countersign: ${known.message}`);
    for (const { pointer, detail } of known.errors) io.err(`  ${pointer === '' ? 'the request' : pointer}: ${detail}`);
    if (known.code === 'internal' && error instanceof Error && io.env['COUNTERSIGN_DEBUG'] === '1')
      linesOf(error.stack ?? '').forEach(io.err);
  }
  return exitOfError(known.code);
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

function version(): string {
  // From src/cli in a checkout, and from dist/src/cli when built.
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { version: found } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string };
      return found;
    } catch {
      // The other place has it.
    }
  }
  return 'unknown';
}

/** The process's own entry. `outer` is what lies around the product. */
export async function main(outer: Pick<Io, 'sandbox'> = {}): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), processIo(outer));
}
