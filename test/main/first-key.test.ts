/** Processes that begin at the same moment on an empty store: one of them makes the first key. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { openTestPostgres } from '../support/cluster.ts';
import { ROOT } from '../support/sources.ts';

let dataDir: string;
let postgres: EmbeddedPostgres;
const processes: Parts[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'countersign-first-key-'));
  postgres = await openTestPostgres({ dataDir });
});
afterAll(async () => {
  await Promise.all(processes.map((parts) => parts.close()));
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it('is made once, and the file has it', async () => {
  const config = loadConfig({ COUNTERSIGN_DATA: dataDir, COUNTERSIGN_POLICIES: join(ROOT, 'policies') });
  for (let n = 0; n < 3; n += 1) {
    const parts = await openParts(config, postgres.connectionString, createLogger('silent'));
    const { sequencer } = parts;
    // Long enough for the others to see that there is none.
    const slow: Parts['sequencer'] = {
      ...sequencer,
      async append(tenant, records) {
        if (records.some(({ type }) => type === 'credential')) await sleep(300);
        return sequencer.append(tenant, records);
      },
    };
    processes.push({ ...parts, sequencer: slow });
  }
  const [one] = processes;
  if (one === undefined) throw new Error('there is no process');
  await ensureKeys(one, () => undefined);
  const made = await Promise.all(processes.map((parts) => ensureFirstKey(parts)));
  const { credentials } = await one.register.current('default');
  expect([made.filter((first) => first.made).length, credentials.size]).toEqual([1, 1]);
  expect(new Set(made.map(({ key }) => key))).toEqual(
    new Set([readFileSync(join(dataDir, 'first-key'), 'utf8').trim()]),
  );
  const [stored] = await one.store.apiKeys.list('default');
  expect(stored?.id).toBe([...credentials.keys()][0]);
});
