/** The package as it ships: what each entry holds, that `require` loads it, and that it runs where there is no Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EdgeVM } from '@edge-runtime/vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'countersign-package-'));
const installed = join(folder, 'node_modules', '@countersign', 'client');

beforeAll(() => {
  const packed = spawnSync(
    'npm',
    ['pack', '--workspace', '@countersign/client', '--json', '--pack-destination', folder],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (packed.status !== 0) throw new Error(packed.stderr);
  const install = spawnSync(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      ...['client-0.1.0.tgz'].map((file) => join(folder, `countersign-${file}`)),
    ],
    { encoding: 'utf8' },
  );
  if (install.status !== 0) throw new Error(install.stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
    expect(existsSync(join(installed, 'client.ts'))).toBe(false);
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
  it('is loaded by require()', () => {
    const script = `const { Countersign } = require('@countersign/client'); const { requirePermit } = require('@countersign/client/verify');
      console.log(typeof Countersign, typeof requirePermit)`;
    const run = spawnSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
    expect(run.stdout.trim()).toBe('function function');
  });
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
