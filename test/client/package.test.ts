/** The package as it ships: what each entry holds, that `require` loads it, and that it runs where there is no Node. */
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EdgeVM } from '@edge-runtime/vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { hasPython, PYTHON, pythonEnv } from './python.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** The client as npm users have it: packed, and installed into an empty folder. */
async function installPacked(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-package-'));
  const { stdout } = await run(
    'npm',
    [
      ...['pack', '--workspace', '@countersign/client', '--json', '--silent', '--pack-destination', folder],
      // Its own build; `.npmrc` denies scripts to everything that is installed.
      '--ignore-scripts=false',
    ],
    { cwd: root },
  );
  const [packed] = JSON.parse(stdout) as [{ filename: string }];
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, join(folder, packed.filename)]);
  return folder;
}

let folder: string;
beforeAll(async () => {
  folder = await installPacked();
});
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const installed = (): string => join(folder, 'node_modules', '@countersign', 'client');

async function bundle(entry: string, globalName?: string) {
  const result = await build({
    stdin: { contents: `export * from '@countersign/client${entry}'`, resolveDir: folder },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    ...(globalName === undefined ? { format: 'esm' as const } : { format: 'iife' as const, globalName }),
    minify: globalName === undefined,
  });
  return { text: result.outputFiles[0]?.text ?? '', inputs: Object.keys(result.metafile.inputs) };
}

describe('@countersign/client as packed', () => {
  it('ships compiled code, its types and its page', () => {
    for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/verify/index.js', 'README.md']) {
      expect(existsSync(join(installed(), file)), file).toBe(true);
    }
    expect(existsSync(join(installed(), 'client.ts'))).toBe(false);
  });
  it('needs no package to ask, and is small', async () => {
    const { text, inputs } = await bundle('');
    expect(inputs.filter((name) => name.includes('node_modules') && !name.includes('@countersign'))).toEqual([]);
    expect(text.length).toBeLessThan(12_000);
  });
  it('needs jose alone to verify', async () => {
    const { inputs } = await bundle('/verify');
    const packages = inputs.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual(['@countersign/client', 'jose']);
  });
  // This Node, and the others there are for the tests: CI names 22 and 24.
  it.each([process.execPath, ...(process.env['COUNTERSIGN_NODES'] ?? '').split(':')].filter(Boolean))(
    'is loaded by require(), Node %#',
    (node) => {
      const script = `const { Countersign } = require('@countersign/client'); const { requirePermit } = require('@countersign/client/verify');
      console.log(typeof Countersign, typeof requirePermit)`;
      const { stdout, stderr } = spawnSync(node, ['-e', script], { cwd: folder, encoding: 'utf8' });
      expect(stdout.trim(), stderr).toBe('function function');
    },
  );
  it('asks and verifies on an edge runtime, which has no Node in it', async () => {
    const vm = new EdgeVM();
    vm.evaluate((await bundle('', 'client')).text);
    vm.evaluate((await bundle('/verify', 'verify')).text);
    const { keys, permits } = JSON.parse(readFileSync(join(root, 'test/vectors/permits.json'), 'utf8'));
    vm.context['vector'] = { keys, ...permits[0] };
    const answer: unknown = await vm.evaluate(`(async () => {
      if (typeof process !== 'undefined' && process.versions?.node) throw new Error('this is Node');
      const fetch = async (url, init) => new Response(JSON.stringify({ id: 'act_1', status: 'released', seen: init.headers['idempotency-key'] }), {
        headers: { 'content-type': 'application/json' } });
      const cs = new client.Countersign({ url: 'http://engine.test', key: 'csk_x', fetch });
      const action = await cs.request({ surface: 's' }, { idempotencyKey: 'k1' });
      const claims = await verify.checkPermit(vector.token, vector.keys, { audience: vector.audience, tenant: 'default', now: vector.now });
      return JSON.stringify([action.seen, claims.act]);
    })()`);
    expect(answer).toBe('["k1","act_1"]');
  });
});

const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const blockOf = (language: string): string => readme.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? '';

let stack: TestStack;

async function typed(command: string, file: string, text: string): Promise<string> {
  writeFileSync(join(folder, file), text);
  const { stdout } = await run(command, [file, `ord_${randomUUID()}`], {
    cwd: folder,
    env: { ...process.env, ...pythonEnv, COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
  });
  return stdout;
}

const SAID = 'a human was asked\nrefunding 420.5\nexecuted\n';

/** What the README tells a developer to type, typed into the empty folder. */
describe('the README’s quick start', () => {
  beforeAll(async () => {
    stack = await startTestStack({}, undefined, 'approve');
  });
  afterAll(() => stack?.stop());

  it('in JavaScript', async () => {
    expect(await typed(process.execPath, 'refund.mjs', blockOf('js'))).toBe(SAID);
  });
  it.skipIf(!hasPython)('in Python', async () => {
    expect(await typed(PYTHON, 'refund.py', blockOf('python'))).toBe(SAID);
  });
});
