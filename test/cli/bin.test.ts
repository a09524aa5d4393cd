import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actionOf, problem, spawnCountersign, testServer, type Answer, type TestServer } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-bin-'));
let server: TestServer;
let env: Record<string, string>;
beforeAll(async () => {
  server = await testServer();
  env = { COUNTERSIGN_URL: server.url, COUNTERSIGN_API_KEY: 'csk_test' };
});
afterAll(() => server.close());
beforeEach(() => {
  server.answers.length = 0;
});

describe('bin/countersign.js', () => {
  const REQUEST = ['request', '--surface', 's', '--action', 'a', '--actor', 'agent:bot', '--params', '-'];
  it.each<[number, string, string[], Answer | null]>([
    [0, 'released', REQUEST, { status: 200, body: actionOf('released') }],
    [1, 'no server', ['show', 'act_1', '--url', 'http://127.0.0.1:1'], null],
    [2, 'not understood', ['frobnicate'], null],
    [3, 'refused', REQUEST, problem('action-refused', 403, { action: actionOf('refused') })],
    [4, 'waiting', REQUEST, { status: 202, body: actionOf('supervised') }],
  ])('exits %i: %s', async (code, _, args, answer) => {
    if (answer !== null) server.answers.push(answer);
    const ran = await spawnCountersign(args, { env, cwd: folder, input: '{"amount":1}' });
    expect(ran.code).toBe(code);
    expect(ran.out === '').toBe(answer === null);
  });

  it('verifies without loading the rest of the product', async () => {
    writeFileSync(
      join(folder, 'keys.json'),
      '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
    );
    const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const ran = await spawnCountersign(['verify', '-', '--key', 'keys.json', '--log-key', vkey], {
      env: { NODE_DEBUG: 'esm', COUNTERSIGN_URL: 'http://127.0.0.1:1' },
      cwd: folder,
      input: '{}',
    });
    expect([ran.code, ran.out]).toEqual([3, expect.stringContaining('receipt-malformed')]);
    const loaded = new Set([...ran.err.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name));
    expect(loaded).toContain('commander');
    expect(loaded).toContain('@noble/hashes');
    for (const name of loaded) expect(name).not.toMatch(/temporal|express|slack|kysely|^pg$|cel$/);
  });

  it('takes no offence at a reader that has seen enough', async () => {
    const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url));
    const child = spawn(process.execPath, [bin, '--help'], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, err]).toEqual([0, '']);
  });
});
