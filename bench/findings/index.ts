/**
 * What sixteen finance tests find in a year of sealed business: each of the twelve anomalies that were planted in one, and in another year,
 * without any, how much of ordinary business they ask about all the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANOMALIES } from '../../scripts/seed/anomalies.ts';
import { auditOf, tell, type Audited } from '../../scripts/seed/look.ts';
import { fill } from '../../scripts/seed/seed.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts } from '../../src/main/parts.ts';
import { openEmbeddedPostgres } from '../../src/store/index.ts';

export async function findingsBench(actions = 20_000): Promise<boolean> {
  const planted = await yearOf(actions, false);
  console.log(
    `${planted.actions} actions with ${ANOMALIES.length} anomalies (${planted.seconds.toFixed(0)} s to seal)`,
  );
  tell(planted);
  const clean = await yearOf(actions, true);
  console.log(`${clean.actions} actions without any (${clean.seconds.toFixed(0)} s to seal)`);
  tell(clean);
  return planted.isRight && clean.isRight;
}

interface Year extends Audited {
  actions: number;
  seconds: number;
}

/** Seals a year, and has an audit look at it. */
async function yearOf(actions: number, clean: boolean): Promise<Year> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-findings-'));
  const policies = fileURLToPath(new URL('../../scripts/seed/policies', import.meta.url));
  const config = loadConfig({ COUNTERSIGN_DATA: folder, COUNTERSIGN_POLICIES: policies });
  const postgres = await openEmbeddedPostgres({ dataDir: folder });
  const parts = await openParts(config, postgres.connectionString, createLogger('warn'));
  try {
    const began = performance.now();
    const options = { actions, seed: 1, days: 365, clean, until: Date.now() };
    const sealed = await fill(parts, postgres.connectionString, options);
    const seconds = (performance.now() - began) / 1000;
    return { ...sealed, seconds, ...(await auditOf(parts, { actions: sealed.actions, clean })) };
  } finally {
    await parts.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
