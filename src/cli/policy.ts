/** `countersign policy lint|test|diff`: what is wrong with policies, what their cases say, what a change would change. Offline. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import type { Directory } from '../identity/index.ts';
import type { CompiledBundle, ExternalEngines, PolicyFile, Problem } from '../policy/index.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { usage } from './values.ts';

interface PolicyOptions {
  json?: boolean;
}

/** A policies folder, read. */
interface Folder {
  name: string;
  files: PolicyFile[];
  directory: Directory | null;
  /** What is wrong with the directory file, in the words of a policy problem. */
  directoryProblems: Problem[];
  engines: ExternalEngines | undefined;
}

export function register(program: Command, io: Io): void {
  const policy = program.command('policy').description('check and compare policies; needs no server');
  policy
    .command('lint')
    .description('say what is wrong, or most likely wrong, with policies; exits 3 when they cannot be used')
    .argument('[folder]', 'the policies folder (default: COUNTERSIGN_POLICIES, else policies)')
    .option('--json', 'print the problems as JSON')
    .action((folder: string | undefined, options: PolicyOptions) => lint(io, folder, options));
  policy
    .command('test')
    .description('judge the cases beside the policies; exits 3 when one is not as wanted')
    .argument('[folder]', 'the policies folder (default: COUNTERSIGN_POLICIES, else policies)')
    .option('--json', 'print the report as JSON')
    .action((folder: string | undefined, options: PolicyOptions) => test(io, folder, options));
  policy
    .command('diff')
    .description('say which cases another version of the policies judges otherwise')
    .argument('<before>', 'the policies folder as it is')
    .argument('<after>', 'the policies folder as it would be, whose cases and people are used')
    .option('--json', 'print the difference as JSON')
    .action((before: string, after: string, options: PolicyOptions) => diff(io, before, after, options));
}

async function lint(io: Io, folder: string | undefined, options: PolicyOptions): Promise<void> {
  const { formatProblem, lintFiles } = await import('../policy/index.ts');
  const { name, files, directory, directoryProblems, engines } = await readFolder(io, folder);
  const problems = [
    ...directoryProblems,
    ...lintFiles(files, {
      ...(directory === null ? {} : { resolve: (ref, actor) => directory.resolve(ref, actor) }),
      ...(engines === undefined ? {} : { engines }),
    }),
  ];
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (options.json === true) io.json(problems);
  else {
    for (const problem of problems)
      for (const line of formatProblem({ ...problem, file: join(name, problem.file) }).split('\n')) io.out(line);
    io.out(`${errors} errors, ${problems.length - errors} warnings`);
  }
  io.exitCode = errors > 0 ? EXIT.refused : EXIT.ok;
}

async function test(io: Io, folder: string | undefined, options: PolicyOptions): Promise<void> {
  const { describeCoverage, formatProblem, runCases } = await import('../policy/index.ts');
  const read = await readFolder(io, folder);
  const { results, coverage, problems } = runCases(await compile(read), read.files, resolverOf(read));
  if (results.length === 0 && problems.length === 0) {
    // Nothing failed where nothing was asked: a pipeline must not take that for a pass.
    throw usage(
      `there are no cases in \`${read.name}\`; write them beside a policy, such as payments.refund.test.yaml`,
    );
  }
  const failed = results.filter(({ pass }) => !pass);
  const broken = problems.filter(({ severity }) => severity === 'error');
  if (options.json === true) io.json({ results, coverage, problems });
  else {
    for (const problem of problems)
      for (const line of formatProblem({ ...problem, file: join(read.name, problem.file) }).split('\n')) io.out(line);
    for (const { file, line, name, differences } of failed) {
      io.out(`${join(read.name, file)}:${line}: ${name}`);
      for (const difference of differences) io.out(`    ${difference}`);
    }
    for (const policy of coverage) io.out(describeCoverage(policy));
    io.out(`${results.length - failed.length} passed, ${failed.length} failed`);
  }
  io.exitCode = failed.length > 0 || broken.length > 0 ? EXIT.refused : EXIT.ok;
}

async function diff(io: Io, before: string, after: string, options: PolicyOptions): Promise<void> {
  const { diffBundles } = await import('../policy/index.ts');
  const [old, next] = [await readFolder(io, before), await readFolder(io, after)];
  const changes = diffBundles(await compile(old), await compile(next), next.files, resolverOf(next));
  if (options.json === true) {
    io.json(changes);
    return;
  }
  for (const [sign, names] of [
    ['+', changes.added],
    ['-', changes.removed],
    ['~', changes.changed],
  ] as const) {
    for (const name of names) io.out(`${sign} ${name}`);
  }
  for (const { name, why } of changes.verdicts) io.out(`  ${name}: ${why}`);
  io.out(`${changes.verdicts.length} of ${changes.total} cases are judged otherwise`);
}

async function readFolder(io: Io, folder: string | undefined): Promise<Folder> {
  const name = folder ?? (io.env['COUNTERSIGN_POLICIES'] || 'policies');
  const [{ DIRECTORY_FILE, readPolicyFiles }, { parseDirectory }, { existsSync, readFileSync }] = await Promise.all([
    import('../main/policies.ts'),
    import('../identity/index.ts'),
    import('node:fs'),
  ]);
  const files = readPolicyFiles(name);
  const path = join(name, DIRECTORY_FILE);
  const parsed = existsSync(path)
    ? parseDirectory(DIRECTORY_FILE, readFileSync(path, 'utf8'))
    : {
        directory: null,
        problems: [
          {
            path: DIRECTORY_FILE,
            line: 1,
            column: 1,
            message: 'there is no directory of people; without one nobody can approve',
          },
        ],
      };
  return {
    name,
    files,
    directory: parsed.directory,
    directoryProblems: parsed.problems.map(({ path: file, line, column, message }) => ({
      severity: 'error',
      file,
      line,
      column,
      text: '',
      message,
      suggestion: null,
    })),
    engines: await enginesFor(files),
  };
}

/** The engines of other languages are large: loaded only where a policy is written in one. */
async function enginesFor(files: readonly PolicyFile[]): Promise<ExternalEngines | undefined> {
  if (!files.some(({ path }) => /\.(cedar|wasm)$/.test(path))) return undefined;
  return (await import('../policy/engines/index.ts')).externalEngines;
}

async function compile({ name, files, engines }: Folder): Promise<CompiledBundle> {
  const { buildBundle, compileBundle } = await import('../policy/index.ts');
  const { bundle } = buildBundle(files);
  if (bundle === null)
    throw new CountersignError(
      'invalid-policy',
      `the policies in \`${name}\` cannot be used; see what is wrong with \`countersign policy lint ${name}\``,
    );
  return compileBundle(bundle.source, bundle.hash, engines);
}

/** Without a usable directory nobody is anybody, as at run time. */
function resolverOf({ directory }: Folder): Directory['resolve'] {
  return (ref, actor) => directory?.resolve(ref, actor) ?? [];
}
