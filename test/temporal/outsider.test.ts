/** A program of somebody else, in another language, written from docs/temporal.md and docs/formats.md alone. */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTemporalio, PYTHON, pythonEnv } from '../client/python.ts';
import { countersign } from '../cli/harness.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = path('outsider.py');

describe.skipIf(!hasTemporalio)(
  `an outsider in Python${hasTemporalio ? '' : ' (skipped: no Python with `temporalio`)'}`,
  () => {
    let stack: SharedStack;
    let folder: string;
    let env: Record<string, string | undefined>;
    beforeAll(async () => {
      stack = await sharedStack();
      folder = mkdtempSync(join(tmpdir(), 'countersign-outsider-'));
      const exported = await countersign(['keys', 'export', '--codec', '--data', stack.dataDir, '--out', folder], {});
      expect([exported.code, exported.err]).toEqual([0, '']);
      env = {
        ...process.env,
        ...pythonEnv,
        COUNTERSIGN_URL: stack.url,
        COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
        TEMPORAL_ADDRESS: stack.stack.temporal.address,
        CODEC_KEYS: join(folder, 'codec-keys.json'),
      };
    });
    afterAll(() => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    it('opens and makes what the vectors hold', async () => {
      const vectors = path('../vectors/codec.json');
      expect((await promisify(execFile)(PYTHON, [program, 'vectors', vectors], { env })).stdout).toBe('agrees\n');
    });

    it.each(['token', 'jwe', 'codec'])('starts, follows, redeems and reports: %s', async (way) => {
      const { stdout } = await promisify(execFile)(PYTHON, [program, 'govern', way, randomUUID(), '42'], { env });
      expect(stdout).toMatch(/^released act_\w+\nrefunding 42\nexecuted\n$/);
    });

    it('learns why it is refused', async () => {
      const { stdout } = await promisify(execFile)(PYTHON, [program, 'govern', 'jwe', randomUUID(), '5000'], { env });
      expect(stdout).toMatch(/^refused act_\w+\nrefused Refunds above 1,000 go through the treasury desk.\n$/);
    });

    it('follows what waits for a human, and gets what they allowed', async () => {
      const child = spawn(PYTHON, [program, 'govern', 'token', randomUUID(), '420'], { env });
      let said = '';
      for await (const chunk of child.stdout) {
        said += String(chunk);
        const id = /^supervised (act_\w+)\n$/.exec(said)?.[1];
        if (id === undefined) continue;
        const decision = { decision: 'approve', reason: 'half', changes: { 'params.amount': 210 } };
        const token = await stack.person(LEAD);
        expect((await stack.call('POST', `/v1/actions/${id}/decisions`, decision, { token })).status).toBe(200);
      }
      expect(said).toMatch(/^supervised act_\w+\nrefunding 210\nexecuted\n$/);
    });
  },
);
