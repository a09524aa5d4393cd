/** A policies folder as the command line reads it, and bundles by folder or by hash. */
import { join } from 'node:path';
import { CountersignError, type Json } from '../contract/index.ts';
import { policyPageSchema, policyViewSchema } from '../contract/views/index.ts';
import type { Asking } from '../engine/programs.ts';
import type { Directory } from '../identity/index.ts';
import type { CompiledBundle, ExternalEngines, PolicyFile, Problem } from '../policy/index.ts';
import { readAnswer } from './answers.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';

/** A policies folder, read. */
export interface Folder {
  name: string;
  files: PolicyFile[];
  /** The other files. */
  unread: string[];
  directory: Directory | null;
  /** The problems of the directory file, in the form of policy problems. */
  directoryProblems: Problem[];
  engines: ExternalEngines | undefined;
}

export async function readFolder(io: Io, folder: string | undefined): Promise<Folder> {
  const name = folder ?? (io.env['COUNTERSIGN_POLICIES'] || 'policies');
  const [{ DIRECTORY_FILE, readPolicyFolder }, { parseDirectory }, { existsSync, readFileSync }] = await Promise.all([
    import('../main/policies.ts'),
    import('../identity/index.ts'),
    import('node:fs'),
  ]);
  const { files, unread } = readPolicyFolder(name);
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
    unread,
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
    engines: await enginesFor(files.some(({ path: file }) => /\.(cedar|wasm)$/i.test(file))),
  };
}

/** The engines of other languages are large, so they are loaded only if a policy needs one. */
async function enginesFor(needed: boolean): Promise<ExternalEngines | undefined> {
  return needed ? (await import('../policy/engines/index.ts')).servingEngines : undefined;
}

/**
 * Tries out a folder whose policies may be programs, in a thread that is stopped where one does not end.
 *
 * @throws CountersignError `invalid-policy` naming what is broken, or the case that does not end
 */
export async function tryPrograms({ files, directory }: Folder): Promise<void> {
  if (!files.some(({ path }) => /\.wasm$/i.test(path))) return;
  const [{ rehearse }, identity] = await Promise.all([
    import('../gateway/rehearsal.ts'),
    import('../identity/index.ts'),
  ]);
  await rehearse(directory ?? new identity.Directory([]), files);
}

/** Judging by a bundle whose policies may be programs: each has a few seconds for an answer. */
export async function asking(bundle: CompiledBundle): Promise<Asking> {
  return (await import('../engine/programs.ts')).createPrograms().asking(bundle);
}

/** @throws CountersignError `invalid-policy` */
export async function compileFolder(folder: Folder): Promise<CompiledBundle> {
  const { name, files, engines } = folder;
  await tryPrograms(folder);
  const { buildBundle, compileBundle } = await import('../policy/index.ts');
  const { bundle } = buildBundle(files);
  if (bundle === null)
    throw new CountersignError(
      'invalid-policy',
      `the policies in \`${name}\` cannot be used; see what is wrong with \`countersign policy lint ${name}\``,
    );
  return compileBundle(bundle.source, bundle.hash, engines);
}

/** A bundle's source under the hash it must have. @throws CountersignError `invalid-policy` when it was altered */
export async function compileSource(source: Json, hash: string): Promise<CompiledBundle> {
  const { compileBundle } = await import('../policy/index.ts');
  const external = (source as { external?: object } | null)?.external;
  return compileBundle(source, hash, await enginesFor(Object.keys(external ?? {}).length > 0));
}

/** Without a usable directory nobody is known, as in a running stack. */
export function resolverOf(folder: Pick<Folder, 'directory'> | null): Directory['resolve'] {
  return (ref, actor) => folder?.directory?.resolve(ref, actor) ?? [];
}

/** A bundle of the running stack: its hash, or the one in force. */
export const isStored = (name: string): boolean => name === 'in-force' || name.startsWith('sha256:');

const HASH = /^sha256:[0-9a-f]{64}$/;

/** The hash that `sha256:…` or `in-force` means. @throws CountersignError `invalid-request`, `not-found` */
export async function storedHash(connection: ApiConnection, name: string): Promise<string> {
  if (name !== 'in-force') {
    if (HASH.test(name)) return name;
    throw new CountersignError('invalid-request', `\`${name}\` is not a bundle’s hash; write all 64 digits of it`);
  }
  const { inForce } = readAnswer(policyPageSchema, await call(connection, { path: 'v1/policies?limit=1' }));
  if (inForce === null) throw new CountersignError('not-found', 'no policy is in force; start the stack on a folder');
  return inForce;
}

/** Fetches a stored bundle; its hash is checked here. */
export async function fetchBundle(connection: ApiConnection, name: string): Promise<CompiledBundle> {
  const hash = await storedHash(connection, name);
  const { source } = readAnswer(policyViewSchema, await call(connection, { path: `v1/policies/${hash}` }));
  return compileSource(source, hash);
}
