/** Finds the Temporal command, or gets it: the first of a fixed list of places that works. */
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError, isCountersignError } from '../../contract/index.ts';
import { lockDataFolder, type FolderLock } from '../../store/index.ts';
import type { Env } from '../config.ts';
import { downloadBySdk } from './download.ts';
import { isExecutable, onPath } from './executables.ts';
import { goInstall, TEMPORAL_MODULE } from './go-install.ts';

export type Place = 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'go install';

export interface TemporalBinary {
  /** Absolute. */
  path: string;
  /** Where it came from. */
  how: Place;
}

export interface FindOptions {
  /** Its `PATH` is searched, and `go install` runs in it. */
  env: Env;
  /** `TEMPORAL_CLI_PATH` */
  cliPath: string | undefined;
  /** Where what was downloaded or built is kept. Made when it is needed. */
  cacheDir: string;
  /** Told what is tried, in words for the person who waits. */
  say(line: string): void;
  /** Gets the SDK's own server into an empty folder; replaced in tests. Answers the path of the binary. */
  download?: (dir: string) => Promise<string>;
}

/** Work in progress in the cache; whoever holds the lock clears away what a killed process left. */
const SCRATCH = /^(download|build)-/;

/**
 * `TEMPORAL_CLI_PATH` → `temporal` on `PATH` → our cache → the SDK's own download → `go install` into the cache.
 *
 * The cache holds a whole binary or none: it is made beside its place and renamed. Of several processes that need it at once, one
 * gets it and the others wait.
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
  const found = onPath(env, 'temporal');
  if (found !== null) return { path: found, how: 'PATH' };
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
async function get({ env, cacheDir, say, download = downloadBySdk }: FindOptions, cached: string): Promise<Place> {
  const tried = [
    'neither TEMPORAL_ADDRESS nor TEMPORAL_CLI_PATH is set',
    'there is no `temporal` on PATH',
    `there is none in the cache \`${cacheDir}\``,
  ];
  for (const left of readdirSync(cacheDir).filter((name) => SCRATCH.test(name))) {
    rmSync(join(cacheDir, left), { recursive: true, force: true });
  }
  const ways = [
    { how: 'download', what: 'Temporal’s own download', make: download },
    {
      how: 'go install',
      what: `go install ${TEMPORAL_MODULE}`,
      make: (dir: string) => goInstall(onPath(env, 'go'), env, dir, say),
    },
  ] as const;
  for (const { how, what, make } of ways) {
    say(`Temporal: trying ${what}`);
    const dir = join(cacheDir, `${how === 'download' ? how : 'build'}-${process.pid}`);
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
    `there is no Temporal server: ${tried.join('; ')}. set TEMPORAL_ADDRESS to a running one or TEMPORAL_CLI_PATH to its command, install the \`temporal\` command, or install Go so that it can be built`,
  );
}

/** One process at a time gets the binary; the claim of one that died is void. */
async function lockCache(cacheDir: string, say: (line: string) => void): Promise<FolderLock> {
  try {
    mkdirSync(cacheDir, { recursive: true });
    accessSync(cacheDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `there is no Temporal server yet, and the folder \`${cacheDir}\`, where it would be kept, cannot be written; make it writable, or set COUNTERSIGN_CACHE to another one`,
      { cause },
    );
  }
  for (let waited = 0; ; waited += 1) {
    try {
      return await lockDataFolder(cacheDir);
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      if (waited === 0) say('Temporal: another process is getting the server; waiting for it');
      await sleep(500);
    }
  }
}
