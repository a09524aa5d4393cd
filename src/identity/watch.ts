/** Keeps the newest valid version of a directory file, so that somebody who has left cannot approve. */
import { readFileSync, statSync } from 'node:fs';
import { CountersignError } from '../contract/index.ts';
import type { Directory } from './directory.ts';
import { parseDirectory, type DirectoryProblem } from './directory-file.ts';

/** The current directory of one file. */
export interface DirectoryFile {
  current(): Directory;
}

/** The directories of all tenants. */
export interface DirectorySource {
  /** As it was last read. */
  current(tenant: string): Directory;
  /** The current one, with everything sealed before the call. Anything that grants uses it. */
  fresh(tenant: string): Promise<Directory>;
}

/**
 * Reads the file now, and again whenever a call finds it changed. That costs one `stat` a call, and leaves no timer to stop.
 *
 * A broken edit or a vanished file leaves the last good directory in force and is reported once for each broken version.
 *
 * @throws CountersignError `configuration` when the first version cannot be used.
 */
export function watchDirectory(
  file: string,
  options: { onProblems?: (problems: DirectoryProblem[]) => void } = {},
): DirectoryFile {
  const first = read(file);
  if (first.directory === null) {
    throw new CountersignError(
      'configuration',
      `the directory cannot be used: ${describe(first.problems)}; correct the file and start again`,
    );
  }
  let directory = first.directory;
  let version = first.version;
  return {
    current() {
      if (versionOf(file) === version) return directory;
      const next = read(file);
      version = next.version;
      if (next.directory !== null) directory = next.directory;
      else options.onProblems?.(next.problems);
      return directory;
    },
  };
}

function read(file: string): { directory: Directory | null; problems: DirectoryProblem[]; version: string } {
  // Read before the text, so that an edit in between is seen as a newer version at the next check.
  const version = versionOf(file);
  try {
    return { ...parseDirectory(file, readFileSync(file, 'utf8')), version };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { directory: null, problems: [{ path: file, line: 1, column: 1, message }], version };
  }
}

function versionOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.ino}/${stat.size}/${stat.mtimeNs}`;
}

function describe(problems: readonly DirectoryProblem[]): string {
  return problems.map((problem) => `${problem.path}:${problem.line}:${problem.column}: ${problem.message}`).join('; ');
}
