/**
 * What sixteen finance tests find in a year of sealed business: each of the twelve anomalies that were planted in one, and in another year,
 * without any, how much of ordinary business they ask about all the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANOMALIES } from '../../scripts/seed/anomalies.ts';
import { fill } from '../../scripts/seed/seed.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts } from '../../src/main/parts.ts';
import { openEmbeddedPostgres } from '../../src/store/index.ts';

const TENANT = 'default';
const EVER = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
const LISTED = 10_000;
/** Questions about ordinary business, of each thousand actions, at most. */
const RATE_MAX = 1;

export async function findingsBench(actions = 20_000): Promise<boolean> {
  const planted = await yearOf(actions, false);
  const missing = ANOMALIES.filter((name) => !planted.found.has(name));
  console.log(
    `${planted.actions} actions with ${ANOMALIES.length} anomalies (${planted.seconds.toFixed(0)} s to seal)`,
  );
  tell(planted.found);
  console.log(`planted and not found: ${missing.length === 0 ? 'none' : missing.join(', ')}`);
  const clean = await yearOf(actions, true);
  const asked = [...clean.found.values()].reduce((sum, n) => sum + n, 0);
  const rate = (asked / clean.actions) * 1000;
  console.log(`${clean.actions} actions without any (${clean.seconds.toFixed(0)} s to seal)`);
  tell(clean.found);
  console.log(`${asked} questions, ${rate.toFixed(2)} of a thousand actions (at most ${RATE_MAX})`);
  return missing.length === 0 && rate <= RATE_MAX;
}

function tell(found: ReadonlyMap<string, number>): void {
  for (const [name, n] of [...found].sort()) console.log(`  ${name.padEnd(20)} ${n}`);
}

interface Year {
  actions: number;
  seconds: number;
  /** How many findings there are, by test. */
  found: Map<string, number>;
}

/** Seals a year, follows its log, compares the rows with it, and has the tests look. */
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
    await parts.readModel.catchUp(TENANT);
    for (let from: number | null = 0; from !== null;) {
      const part = await parts.readModel.check(TENANT, from);
      if (part.differences.length > 0) throw new Error(`${part.differences.length} rows are not what the log says`);
      from = part.next;
    }
    await parts.findingWatch.refresh(TENANT);
    const found = new Map<string, number>();
    for (const { test } of await parts.store.findings.list(TENANT, EVER, LISTED))
      found.set(test, (found.get(test) ?? 0) + 1);
    return { actions: sealed.actions, seconds, found };
  } finally {
    await parts.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
