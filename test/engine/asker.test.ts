/** A judgement that was cut short, and another one of the same action: both say the same of who asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { actionDifferences } from '../../src/engine/action-rows.ts';
import type { EngineDeps } from '../../src/engine/deps.ts';
import { judge } from '../../src/engine/judge.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import { loadConfig } from '../../src/main/config.ts';
import { activityDeps, createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { openTestPostgres } from '../support/cluster.ts';
import { judgeInput } from '../support/judge-input.ts';
import { ROOT } from '../support/sources.ts';

const YEAR_MS = 365 * 86_400_000;
let dataDir: string;
let postgres: EmbeddedPostgres;
let parts: Parts;
let key: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'countersign-asker-'));
  postgres = await openTestPostgres({ dataDir });
  const config = loadConfig({ COUNTERSIGN_DATA: dataDir, COUNTERSIGN_POLICIES: join(ROOT, 'policies') });
  parts = await openParts(config, postgres.connectionString, createLogger('silent'));
  await ensureKeys(parts, () => undefined);
  key = (await ensureFirstKey(parts)).key ?? '';
  await ensureBundle(parts);
});
afterAll(async () => {
  await parts.close();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Of a process whose clock is a year ahead: the gateway's word has expired there. */
const ahead = (deps: EngineDeps): EngineDeps => ({ ...deps, now: () => new Date(Date.now() + YEAR_MS) });

/** Of a process that dies before anything is sealed. */
const dying = (deps: EngineDeps): EngineDeps => ({
  ...deps,
  sequencer: { ...deps.sequencer, append: () => Promise.reject(new Error('killed')) },
});

// What was judged first under a limit stands.
it.each([
  ['cannot tell who asked, the next one can', ahead, (deps: EngineDeps) => deps, 'refused'],
  ['can tell who asked, the next one cannot', (deps: EngineDeps) => deps, ahead, 'released'],
])('where the first %s, row and payload name the asker', async (_what, first, second, status) => {
  const input = await judgeInput(parts, key);
  const deps = activityDeps(parts, null, null);
  await expect(judge(dying(first(deps)), input)).rejects.toThrow('killed');
  expect((await judge(second(deps), input)).action.status).toBe(status);
  const row = await parts.store.actions.get('default', input.id);
  const payload = await parts.store.payloads.read('default', input.id);
  const { id } = await parts.authenticate(`Bearer ${key}`);
  expect(await actionDifferences(deps, 'default', input.id)).toEqual([]);
  expect([row?.view.requester, payload?.payload.asked?.by]).toEqual([id, id]);
});
