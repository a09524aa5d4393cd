/** `npm run seed`: a history that the engine itself sealed, and in it the audit finds what was planted, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANOMALIES } from '../../scripts/seed/anomalies.ts';
import { fill, planOf, type SeedOptions } from '../../scripts/seed/seed.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';

const TENANT = 'default';
const OPTIONS: SeedOptions = {
  ...{ actions: 600, seed: 7, days: 365, clean: false },
  until: Date.parse('2026-11-20T18:00:00Z'),
};

let folder: string;
let postgres: EmbeddedPostgres;
let parts: Parts;
let sealed: { actions: number; records: number };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-seeded-'));
  const policies = fileURLToPath(new URL('../../scripts/seed/policies', import.meta.url));
  const config = loadConfig({ COUNTERSIGN_DATA: folder, COUNTERSIGN_POLICIES: policies });
  postgres = await openEmbeddedPostgres({ dataDir: folder });
  parts = await openParts(config, postgres.connectionString, createLogger('warn'));
  sealed = await fill(parts, postgres.connectionString, OPTIONS);
}, 240_000);

afterAll(async () => {
  await parts.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('holds every planned action, and each row of the read model is what its records say', async () => {
  expect(sealed.actions).toBe([...planOf(OPTIONS)].length);
  const { size, logSize } = await parts.readModel.catchUp(TENANT);
  expect([size, logSize]).toEqual([logSize, size]);
  expect(size).toBeGreaterThan(sealed.records);
  const { differences, windows, actions, next } = await parts.readModel.check(TENANT, 0);
  expect([differences, windows, next]).toEqual([[], [], null]);
  // The activation of the policies is none of them.
  expect(actions).toBe(sealed.actions);
});

it('has each of the twelve anomalies found, and nothing of the ordinary business around them', async () => {
  await parts.findingWatch.refresh(TENANT);
  const time = { from: '2020-01-01T00:00:00.000Z', to: '2030-01-01T00:00:00.000Z' };
  const found = await parts.store.findings.list(TENANT, time, 1000);
  expect([...new Set(found.map(({ test }) => test))].sort()).toEqual([...ANOMALIES].sort());
  expect(found).toHaveLength(ANOMALIES.length);
});

it('is refused a second time: a history is begun once', async () => {
  await expect(fill(parts, postgres.connectionString, OPTIONS)).rejects.toMatchObject({ code: 'configuration' });
});
