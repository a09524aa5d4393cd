/** What `npm pack` gives, installed into an empty folder from the registry: it brings everything up there. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
/** Nothing of this checkout's configuration, and the server that the tests use. */
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'] ?? '',
};

let folder: string;
let product: ChildProcess | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-package-'));
  // PostgreSQL, which does not run as root, has to pass through.
  chmodSync(folder, 0o755);
  await run(process.execPath, ['scripts/build.js']);
  // The declarations of types, which `prepack` adds, are not needed to run.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
    cwd: folder,
  });
}, 600_000);
afterAll(async () => {
  if (product !== undefined && product.exitCode === null) {
    product.kill('SIGINT');
    await once(product, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

const npx = (...args: string[]): Promise<{ stdout: string }> =>
  run('npx', ['--no-install', 'countersign', ...args], { cwd: folder, env });

describe('the package', () => {
  it('holds what was built, without what builds and tests it', async () => {
    const has = readdirSync(join(folder, 'node_modules/countersign'));
    expect(has.sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'package.json', 'policies'].sort(),
    );
    expect(readdirSync(join(folder, 'node_modules'))).not.toContain('tsx');
    expect(readdirSync(join(folder, 'node_modules/countersign/dist'))).toEqual(['console', 'src']);
    expect((await npx('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('starts everything in an empty folder, with the samples of the package, and releases an action', async () => {
    product = spawn(join(folder, 'node_modules/.bin/countersign'), ['start', '--json', '--port', '0'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    product.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const line = await Promise.race([
      once(product.stdout ?? product, 'data').then(([chunk]) => String(chunk)),
      once(product, 'exit').then(() => Promise.reject(new Error(said))),
    ]);
    expect(JSON.parse(line)).toMatchObject({ slackSandbox: null, url: expect.stringContaining('http://') as string });
    expect(said).toContain('node_modules/countersign/policies');
    const { stdout } = await npx(
      ...['request', '--surface', 'payments.refund', '--action', 'refund.create', '--actor', 'agent:support-bot'],
      ...['--param', 'amount=50', '--param', 'currency=USD', '--json'],
    );
    expect(JSON.parse(stdout)).toMatchObject({ status: 'released' });
  });
});
