/** `countersign policy lint|test`: checks policies, and runs their cases. Needs no server. */
import { join } from 'node:path';
import type { Problem } from '../policy/index.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { asking, compileFolder, readFolder, resolverOf, tryPrograms } from './policy-folder.ts';
import { usage } from './values.ts';

interface Options {
  json?: boolean;
}

export async function lintVerb(io: Io, folder: string | undefined, options: Options): Promise<void> {
  const { lintFiles, unread } = await import('../policy/index.ts');
  const read = await readFolder(io, folder);
  const { name, files, unread: others, directory, directoryProblems, engines } = read;
  await tryPrograms(read);
  const problems = [
    ...directoryProblems,
    ...others.map(unread),
    ...lintFiles(files, {
      ...(directory === null ? {} : { resolve: (ref, actor) => directory.resolve(ref, actor) }),
      ...(engines === undefined ? {} : { engines }),
    }),
  ];
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (options.json === true) io.json(problems);
  else {
    await printProblems(io, name, problems);
    io.out(`${errors} errors, ${problems.length - errors} warnings`);
  }
  io.exitCode = errors > 0 ? EXIT.refused : EXIT.ok;
}

export async function test(io: Io, folder: string | undefined, options: Options): Promise<void> {
  const { describeCoverage, runCases } = await import('../policy/index.ts');
  const read = await readFolder(io, folder);
  const judging = await asking(await compileFolder(read));
  const { value } = await judging.judged((bundle) => runCases(bundle, read.files, resolverOf(read)));
  const { results, coverage, problems } = value;
  if (results.length === 0 && problems.length === 0) {
    // Without cases nothing failed, but a pipeline must not take that for a pass.
    throw usage(
      `there are no cases in \`${read.name}\`; write them beside a policy, such as payments.refund.test.yaml`,
    );
  }
  const failed = results.filter(({ pass }) => !pass);
  const broken = problems.filter(({ severity }) => severity === 'error');
  if (options.json === true) io.json({ results, coverage, problems });
  else {
    await printProblems(io, read.name, problems);
    for (const { file, line, name, differences } of failed) {
      io.out(`${join(read.name, file)}:${line}: ${name}`);
      for (const difference of differences) io.out(`    ${difference}`);
    }
    for (const policy of coverage) io.out(describeCoverage(policy));
    io.out(`${results.length - failed.length} passed, ${failed.length} failed`);
  }
  io.exitCode = failed.length > 0 || broken.length > 0 ? EXIT.refused : EXIT.ok;
}

async function printProblems(io: Io, folder: string, problems: readonly Problem[]): Promise<void> {
  const { formatProblem } = await import('../policy/index.ts');
  for (const problem of problems) {
    for (const line of formatProblem({ ...problem, file: join(folder, problem.file) }).split('\n')) io.out(line);
  }
}
