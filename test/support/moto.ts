/**
 * moto's own HTTP server (PyPI: `moto[server]`), an AWS of somebody else's making. It is taken from `COUNTERSIGN_MOTO` (a Python that has
 * it), or from a cache, or installed into one: once, by whoever comes first.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/store/index.ts';
import { eventually } from './eventually.ts';

const VERSION = '5.2.5';

export interface Moto {
  url: string;
  stop(): Promise<void>;
}

const has = (python: string, path: string | null): boolean => {
  try {
    execFileSync(python, ['-c', 'import moto.server'], { env: environment(path), stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const environment = (path: string | null): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(path === null ? {} : { PYTHONPATH: path }),
});

/** A Python and the folder of packages to run it with; null where moto cannot be had. */
export function findMoto(): { python: string; path: string | null } | null {
  const given = process.env['COUNTERSIGN_MOTO'];
  if (given !== undefined && given !== '') return has(given, null) ? { python: given, path: null } : null;
  const python = 'python3';
  const cache = process.env['COUNTERSIGN_CACHE'] ?? join(process.env['HOME'] ?? tmpdir(), '.cache', 'countersign');
  const path = join(cache, `moto-${VERSION}`);
  if (existsSync(path) && has(python, path)) return { python, path };
  try {
    mkdirSync(cache, { recursive: true });
    const draft = mkdtempSync(join(cache, 'moto-'));
    execFileSync(
      python,
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--retries=1',
        '--timeout=15',
        '--no-input',
        '--disable-pip-version-check',
        '--target',
        draft,
        `moto[server]==${VERSION}`,
      ],
      { stdio: 'ignore', timeout: 280_000 },
    );
    if (existsSync(path)) rmSync(draft, { recursive: true, force: true });
    else renameSync(draft, path);
  } catch {
    return null;
  }
  return has(python, path) ? { python, path } : null;
}

export async function startMoto(found: NonNullable<ReturnType<typeof findMoto>>, port?: number): Promise<Moto> {
  const at = port ?? (await freePort());
  const child = spawn(found.python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(at)], {
    env: environment(found.path),
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${at}`;
  await untilAnswers(url, child);
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve();
          return;
        }
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  try {
    await eventually(`moto answers at ${url}`, () => {
      if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
      return fetch(`${url}/moto-api/`).catch(() => undefined);
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
