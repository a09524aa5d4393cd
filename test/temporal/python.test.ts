/** The plugin's twin in Python: its own tests, on a running stack. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hasTemporalio, PYTHON, pythonEnv } from '../client/python.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';

describe.skipIf(!hasTemporalio)(
  `countersign.temporal${hasTemporalio ? '' : ' (skipped: no Python with `temporalio`)'}`,
  () => {
    it('governs activities of a Python worker', async () => {
      const stack = await sharedStack();
      const { stderr } = await promisify(execFile)(PYTHON, ['-m', 'unittest', '-v', 'tests/test_temporal.py'], {
        cwd: fileURLToPath(new URL('../../clients/python', import.meta.url)),
        env: {
          ...process.env,
          ...pythonEnv,
          COUNTERSIGN_URL: stack.url,
          COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
          TEMPORAL_ADDRESS: stack.stack.temporal.address,
          LEAD_TOKEN: await stack.person(LEAD),
        },
      });
      expect(stderr).toMatch(/\nOK\n$/);
    }, 300_000);
  },
);
