import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CountersignError } from '../contract/index.ts';
import { buildBundle, kindOfFile, type Bundle, type PolicyFile } from '../policy/index.ts';

export const DIRECTORY_FILE = 'directory.yaml';

/**
 * The text files of a policy folder, sorted: policies, their cases and what they name, without the directory of people.
 *
 * @throws CountersignError `configuration` when the folder cannot be read.
 */
export function readPolicyFiles(folder: string): PolicyFile[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new CountersignError(
      'configuration',
      `there is no policy folder at \`${folder}\`; set COUNTERSIGN_POLICIES to the folder that holds the policies`,
    );
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !['other', 'directory'].includes(kindOfFile(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path: relative(folder, path).split(sep).join('/'),
      text: readFileSync(path, path.endsWith('.wasm') ? 'base64' : 'utf8'),
    }));
}

/**
 * The bundle of a policy folder.
 *
 * @throws CountersignError `invalid-policy` naming the first problem with its file, line and column.
 */
export function loadBundle(folder: string): Bundle {
  const { bundle, problems } = buildBundle(readPolicyFiles(folder));
  const errors = problems.filter(({ severity }) => severity === 'error');
  const first = errors[0];
  if (bundle === null || first !== undefined) {
    const where = first === undefined ? folder : `${first.file}:${first.line}:${first.column}`;
    const hint = first?.suggestion ? `; ${first.suggestion}` : '';
    throw new CountersignError(
      'invalid-policy',
      `the policies cannot be used: ${where}: ${first?.message ?? 'there is none'}${hint}${errors.length > 1 ? ` (and ${errors.length - 1} more; see countersign policy lint)` : ''}`,
    );
  }
  return bundle;
}
