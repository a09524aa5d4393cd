/** The Python client's own tests, run by the Python there is. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hasPython, PYTHON, pythonEnv } from './python.ts';

const folder = fileURLToPath(new URL('../../clients/python', import.meta.url));

describe.skipIf(!hasPython)(
  `countersign for Python${hasPython ? '' : ' (skipped: no Python with `cryptography`)'}`,
  () => {
    it('agrees with the published vectors', async () => {
      const { stderr } = await promisify(execFile)(PYTHON, ['-m', 'unittest', '-v', 'tests/test_vectors.py'], {
        cwd: folder,
        env: { ...process.env, ...pythonEnv },
      });
      expect(stderr).toMatch(/\nOK\n$/);
    });
  },
);
