/** Finds the Temporal command, or gets it: the first of a fixed list of places that works. */
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { CountersignError } from '../../contract/index.ts';
import type { Env } from '../config.ts';

/** The version that is built where none is found; later tags hold `replace` lines and cannot be installed this way. */
export const TEMPORAL_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** How long the SDK's own download may take to show that it works. */
const DOWNLOAD_MS = 60_000;
/** Nothing reachable answers within this: the download is given up for the next way. */
const DOWNLOAD_START_MS = 8_000;

export type Place = 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'go install';

export interface TemporalBinary {
  path: string;
  how: Place;
}

export interface FindOptions {
  env: Env;
  /** `TEMPORAL_CLI_PATH` */
  cliPath: string | undefined;
  cacheDir: string;
  /** Told what is tried, in words for the person who waits. */
  say(line: string): void;
  /** Gets the SDK's own server; replaced in tests. Answers the path of the binary. */
  download?: (dir: string) => Promise<string>;
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

export function onPath(env: Env, name: string): string | null {
  for (const dir of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, name);
    if (dir !== '' && isExecutable(path)) return path;
  }
  return null;
}

/**
 * `TEMPORAL_CLI_PATH` → `temporal` on `PATH` → our cache → the SDK's own download → `go install` into the cache.
 *
 * @throws CountersignError `configuration` naming everything that was tried and what to do.
 */
export async function findTemporal(options: FindOptions): Promise<TemporalBinary> {
  const { env, cliPath, cacheDir, say } = options;
  if (cliPath !== undefined) {
    if (isExecutable(cliPath)) return { path: cliPath, how: 'TEMPORAL_CLI_PATH' };
    throw new CountersignError(
      'configuration',
      `TEMPORAL_CLI_PATH names \`${cliPath}\`, which is not an executable file; correct it, or unset it to have one found or built`,
    );
  }
  const found = onPath(env, 'temporal');
  if (found !== null) return { path: found, how: 'PATH' };
  const cached = join(cacheDir, 'temporal');
  if (isExecutable(cached)) return { path: cached, how: 'cache' };

  const tried = [
    'TEMPORAL_ADDRESS and TEMPORAL_CLI_PATH are not set',
    'there is no `temporal` on PATH',
    `none is in the cache (${cacheDir})`,
  ];
  mkdirSync(cacheDir, { recursive: true });
  const unlock = await lockCache(cacheDir, say);
  try {
    // Somebody else may have put it there while we waited for the lock.
    if (isExecutable(cached)) return { path: cached, how: 'cache' };
    const attempts: [Place, string, () => Promise<string>][] = [
      ['download', 'Temporal’s own download', () => (options.download ?? downloadBySdk)(cacheDir)],
      ['go install', `go install ${TEMPORAL_MODULE}`, () => goInstall(env, cacheDir, say)],
    ];
    for (const [how, what, get] of attempts) {
      say(`Temporal: trying ${what}…`);
      try {
        const path = await get();
        if (path !== cached) renameSync(path, cached);
        return { path: cached, how };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        tried.push(`${what} failed (${why})`);
        say(`Temporal: ${what} does not work here: ${why}.`);
      }
    }
  } finally {
    unlock();
  }
  throw new CountersignError(
    'configuration',
    `there is no Temporal server: ${tried.join('; ')}. set TEMPORAL_ADDRESS to an existing one, install the \`temporal\` command, or install Go so that it can be built`,
  );
}

/** One process at a time gets the binary; the lock of a process that died is taken over. */
async function lockCache(cacheDir: string, say: (line: string) => void): Promise<() => void> {
  const file = join(cacheDir, 'temporal.lock');
  for (let waited = 0; ; waited += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch {
      if (waited === 0) say('Temporal: another process is getting the server; waiting for it…');
      if (isStale(file)) rmSync(file, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function isStale(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The SDK's ephemeral server downloads its binary and starts it; we want only the binary. */
async function downloadBySdk(cacheDir: string): Promise<string> {
  const dir = mkdtempSync(join(cacheDir, 'download-'));
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const starting = TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: dir }, log: { format: 'json', level: 'error' } },
    });
    let settled = false;
    starting.then(
      () => (settled = true),
      () => (settled = true),
    );
    const environment = await Promise.race([
      starting,
      rejectAfter(DOWNLOAD_START_MS, () => settled || readdirSync(dir).length > 0, 'nothing answers'),
      rejectAfter(DOWNLOAD_MS, () => settled, 'it takes too long'),
    ]);
    await environment.teardown();
    const name = readdirSync(dir).find((entry) => isExecutable(join(dir, entry)));
    if (name === undefined) throw new Error('it left no executable');
    const kept = join(cacheDir, 'temporal');
    renameSync(join(dir, name), kept);
    return kept;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function rejectAfter(ms: number, fine: () => boolean, why: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      if (!fine()) reject(new Error(why));
    }, ms).unref();
  });
}

/** Builds it with Go, showing that something happens; the cache holds all of it or nothing. */
async function goInstall(env: Env, cacheDir: string, say: (line: string) => void): Promise<string> {
  const go = onPath(env, 'go');
  if (go === null) throw new Error('there is no `go` on PATH');
  const bin = mkdtempSync(join(cacheDir, 'build-'));
  const began = Date.now();
  const ticking = setInterval(() => {
    say(`Temporal: building, ${Math.round((Date.now() - began) / 1000)} s so far (about three minutes in all, once)…`);
  }, 15_000);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(go, ['install', TEMPORAL_MODULE], {
        env: { ...process.env, ...env, GOBIN: bin },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let last = '';
      child.stderr.on('data', (chunk: Buffer) => (last = (last + chunk.toString('utf8')).slice(-400)));
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`go install ended with ${code}: ${last.trim().split('\n').at(-1) ?? ''}`));
      });
    });
    const kept = join(cacheDir, 'temporal');
    renameSync(join(bin, 'temporal'), kept);
    return kept;
  } finally {
    clearInterval(ticking);
    if (existsSync(bin)) rmSync(bin, { recursive: true, force: true });
  }
}
