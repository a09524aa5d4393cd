/** The command line: one file for each verb, and each loads only what it needs. */
import { Command, CommanderError } from 'commander';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { BEFORE_RELEASE, EXIT, exitOfError } from './exit.ts';
import { processIo, type Io } from './io.ts';
import { packageVersion } from '../main/package-folder.ts';

interface VerbFile {
  /** The verbs that its `register` adds. */
  names: readonly string[];
  load(): Promise<{ register(program: Command, io: Io): void }>;
}

/** All verbs, in the order in which help lists them. Only the file of the verb that is asked for is loaded. */
export const VERBS: readonly VerbFile[] = [
  { names: ['start', 'api', 'worker', 'slack'], load: () => import('./services.ts') },
  { names: ['migrate'], load: () => import('./migrate.ts') },
  { names: ['request'], load: () => import('./request.ts') },
  { names: ['run'], load: () => import('./run.ts') },
  { names: ['approve'], load: () => import('./approve.ts') },
  { names: ['refuse'], load: () => import('./refuse.ts') },
  { names: ['show'], load: () => import('./show.ts') },
  { names: ['permit'], load: () => import('./permit.ts') },
  { names: ['token'], load: () => import('./token.ts') },
  { names: ['verify'], load: () => import('./verify.ts') },
  { names: ['audit'], load: () => import('./audit.ts') },
  { names: ['export'], load: () => import('./export.ts') },
  { names: ['import'], load: () => import('./import.ts') },
  { names: ['open'], load: () => import('./open.ts') },
  { names: ['shown'], load: () => import('./shown.ts') },
  { names: ['erase'], load: () => import('./erase.ts') },
  { names: ['reconcile'], load: () => import('./reconcile.ts') },
  { names: ['keys'], load: () => import('./keys.ts') },
  { names: ['policy'], load: () => import('./policy.ts') },
  { names: ['evaluate'], load: () => import('./evaluate.ts') },
  { names: ['replay'], load: () => import('./replay.ts') },
  { names: ['freeze'], load: () => import('./freeze.ts') },
  { names: ['plan'], load: () => import('./plan.ts') },
  { names: ['grants'], load: () => import('./grants.ts') },
  { names: ['delegation'], load: () => import('./delegation.ts') },
  { names: ['drill'], load: () => import('./drill.ts') },
  { names: ['review', 'report', 'answer'], load: () => import('./review.ts') },
  { names: ['inbox'], load: () => import('./inbox.ts') },
  { names: ['attempts'], load: () => import('./attempts.ts') },
  { names: ['findings'], load: () => import('./findings.ts') },
  { names: ['sample'], load: () => import('./sample.ts') },
  { names: ['statement'], load: () => import('./statement.ts') },
  { names: ['projection'], load: () => import('./projection.ts') },
  { names: ['surfaces'], load: () => import('./surfaces.ts') },
  { names: ['api-key'], load: () => import('./api-key.ts') },
  { names: ['agent'], load: () => import('./agent.ts') },
  { names: ['mcp'], load: () => import('./mcp.ts') },
  { names: ['tenant'], load: () => import('./tenant.ts') },
  { names: ['read-token'], load: () => import('./read-token.ts') },
  { names: ['login', 'logout', 'sessions'], load: () => import('./login.ts') },
  { names: ['scim-token'], load: () => import('./scim-token.ts') },
];

/** The files that this command line needs: all of them if no verb is named, as for help or a typing error. */
function filesFor([first = '']: readonly string[]): readonly VerbFile[] {
  if (['--version', '-V'].includes(first)) return [];
  const asked = VERBS.filter(({ names }) => names.includes(first));
  return asked.length > 0 ? asked : VERBS;
}

async function createProgram(args: readonly string[], io: Io): Promise<Command> {
  const program = new Command('countersign')
    .description('The approval engine in front of irreversible actions.')
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => linesOf(text).forEach(io.out),
      writeErr: (text) => linesOf(text).forEach(io.err),
    })
    .showHelpAfterError('(add --help for what this command takes)')
    .addHelpText(
      'after',
      '\nExit codes: 0 approved or valid, 1 fault, 2 usage, 3 refused or invalid, 4 expired or still waiting.' +
        '\n`run` exits as its command does, and with 120 and one of these where nothing was executed.',
    )
    .exitOverride();
  for (const { register } of await Promise.all(filesFor(args).map(({ load }) => load()))) register(program, io);
  return program;
}

/** Runs one command line. @returns its exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    const program = await createProgram(args, io);
    await program.parseAsync(args, { from: 'user' });
    return io.exitCode;
  } catch (error) {
    // A failure of `run` itself came before its command, whose own exit codes begin at 0.
    const base = args[0] === 'run' ? BEFORE_RELEASE : 0;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : base + EXIT.usage;
    return base + fail(error, io, optionsOf(args).includes('--json'));
  }
}

/** Without the arguments after `--`, which belong to another program. */
const optionsOf = (args: readonly string[]): readonly string[] =>
  args.includes('--') ? args.slice(0, args.indexOf('--')) : args;

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

/** The entry point of the process. `outer` is what `bin/` adds to the product. */
export async function main(outer: Pick<Io, 'sandbox'> = {}): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), processIo(outer));
}
