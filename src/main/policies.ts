import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { CountersignError } from '../contract/index.ts';
import { buildBundle, kindOfFile, type Bundle, type PolicyFile } from '../policy/index.ts';

export const DIRECTORY_FILE = 'directory.yaml';

/** A policy folder, read whole. */
export interface PolicyFolder {
  /** Policies, their cases and what they name, sorted by path. */
  files: PolicyFile[];
  /** All other files, sorted. They are reported, so that nobody believes they are in force. */
  unread: string[];
}

/**
 * The text files of a policy folder: policies, their cases and what they name, without the directory of people. Links are followed, also
 * to folders: a linked policy is as much in force as any other.
 *
 * @throws CountersignError `configuration` when the folder cannot be read, a link leads out of it or nowhere, or something is neither file nor folder.
 */
export function readPolicyFolder(folder: string): PolicyFolder {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new CountersignError(
      'configuration',
      `there is no policy folder at \`${folder}\`; set COUNTERSIGN_POLICIES to the folder that holds the policies`,
    );
  }
  const policyFolder: PolicyFolder = { files: [], unread: [] };
  /** Real paths, so that a file behind two links is read once. */
  const read = new Set<string>();
  const others: { path: string; real: string }[] = [];
  for (const path of [...filesIn(folder, '', realpathSync(folder), [])].sort()) {
    const kind = kindOfFile(path);
    const real = realpathSync(join(folder, path));
    if (path === DIRECTORY_FILE || path.endsWith('.schema.json') || read.has(real)) continue;
    if (kind === 'other' || kind === 'directory') {
      others.push({ path, real });
      continue;
    }
    read.add(real);
    policyFolder.files.push({ path, text: readFileSync(real, kind === 'opa' ? 'base64' : 'utf8') });
  }
  policyFolder.unread = others.filter(({ real }) => !read.has(real)).map(({ path }) => path);
  return policyFolder;
}

/** Paths of files, `/` between names, links followed. @param open real paths of the folders around it: a link back to one is skipped */
function* filesIn(folder: string, inside: string, root: string, open: readonly string[]): Generator<string> {
  const real = realpathSync(join(folder, inside));
  if (open.includes(real)) return;
  for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isSymbolicLink()) checkLink(folder, path, root);
    const stat = statSync(join(folder, path));
    if (stat.isDirectory()) yield* filesIn(folder, path, root, [...open, real]);
    else if (stat.isFile()) yield path;
    else throw special(folder, path);
  }
}

/** Reading a pipe or a device may take for ever. */
const special = (folder: string, path: string): CountersignError =>
  new CountersignError(
    'configuration',
    `\`${path}\` in the policy folder \`${folder}\` is neither a file nor a folder; remove it`,
  );

function checkLink(folder: string, path: string, root: string): void {
  let target: string;
  try {
    target = realpathSync(join(folder, path));
  } catch {
    throw new CountersignError(
      'configuration',
      `the link \`${path}\` in \`${folder}\` leads nowhere; correct or remove it`,
    );
  }
  if (target === root || target.startsWith(root + sep)) return;
  throw new CountersignError(
    'configuration',
    `the link \`${path}\` leads out of the policy folder \`${folder}\`; copy what it leads to into the folder`,
  );
}

/** The files of {@link readPolicyFolder}. @throws CountersignError `configuration` */
export function readPolicyFiles(folder: string): PolicyFile[] {
  return readPolicyFolder(folder).files;
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
