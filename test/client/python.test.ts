/** The Python client's own tests, run by the Python there is. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startTestStack } from '../support/stack.ts';
import { hasMypy, hasPython, PYTHON, pythonEnv } from './python.ts';

/** Each starts an engine of its own, on a machine that is busy with others. */
const ENGINE_TIMEOUT = 240_000;

const folder = fileURLToPath(new URL('../../clients/python', import.meta.url));

describe.skipIf(!hasPython)(
  `countersign for Python${hasPython ? '' : ' (skipped: no Python with `cryptography`)'}`,
  () => {
    const run = async (tests: string, env: Record<string, string> = {}): Promise<string> =>
      (
        await promisify(execFile)(PYTHON, ['-m', 'unittest', '-v', `tests/${tests}.py`], {
          cwd: folder,
          env: { ...process.env, ...pythonEnv, ...env },
        })
      ).stderr;

    it.each(['test_vectors', 'test_http', 'test_size'])('needs no engine to pass %s', async (tests) => {
      expect(await run(tests)).toMatch(/\nOK\n$/);
    });

    it.skipIf(!hasMypy)('says the types of all that is awaited', { timeout: ENGINE_TIMEOUT }, async () => {
      const options = ['--strict', '--ignore-missing-imports', '--follow-imports=silent', '--cache-dir=/dev/null'];
      const { stdout } = await promisify(execFile)(PYTHON, ['-m', 'mypy', ...options, 'tests/typed_use.py'], {
        cwd: folder,
        env: { ...process.env, ...pythonEnv, MYPYPATH: 'src' },
      });
      expect(stdout).toContain('no issues found');
    });

    it('governs on a running engine, sync and async', { timeout: ENGINE_TIMEOUT }, async () => {
      const stack = await startTestStack({}, undefined, 'approve');
      const env = { COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' };
      expect(await run('test_govern', env)).toMatch(/\nOK\n$/);
      await stack.stop();
    });

    it('starts an engine for other people’s tests', { timeout: ENGINE_TIMEOUT }, async () => {
      const engine = JSON.stringify([
        process.execPath,
        fileURLToPath(new URL('../../bin/countersign.js', import.meta.url)),
      ]);
      const script = `
from countersign.testing import test_engine
with test_engine(command=${engine}) as client:
    request = {"surface": "payments.refund", "action": "a", "actor": {"id": "agent:a", "type": "agent"}, "params": {"amount": 420.5}}
    print(client.govern(request, lambda *_: "done", key="k1").status)
`;
      const { stdout } = await promisify(execFile)(PYTHON, ['-c', script], { env: { ...process.env, ...pythonEnv } });
      expect(stdout).toBe('executed\n');
    });
  },
);
