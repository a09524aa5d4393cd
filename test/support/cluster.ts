/**
 * A PostgreSQL as it is before its first use: made once for a run, with every table, and copied by whoever needs one. To make it takes
 * seconds of a busy machine, and some ninety tests do.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateDatabase, openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';

/** The data folder of the prepared one, for the processes that run the test files. */
const PREPARED = 'COUNTERSIGN_TEST_POSTGRES';

/** Vitest's global set-up: makes it, and removes it at the end. */
export default async function setup(): Promise<(() => void) | undefined> {
  // Several projects ask for it: the first of them made it.
  if (process.env[PREPARED] !== undefined) return undefined;
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-cluster-'));
  const postgres = await openEmbeddedPostgres({ dataDir });
  await migrateDatabase(postgres.connectionString);
  await postgres.stop();
  for (const name of ['socket', 'postgres.log'])
    rmSync(join(dataDir, 'postgres', name), { recursive: true, force: true });
  process.env[PREPARED] = dataDir;
  return () => {
    rmSync(dataDir, { recursive: true, force: true });
    Reflect.deleteProperty(process.env, PREPARED);
  };
}

/** Puts a copy of the prepared PostgreSQL into a data folder that has none. */
export function prepareCluster(dataDir: string): void {
  const prepared = process.env[PREPARED];
  const to = join(dataDir, 'postgres');
  if (prepared === undefined || existsSync(to)) return;
  mkdirSync(dataDir, { recursive: true });
  // Node's own copy does not keep whom a file belongs to, and the server refuses a cluster of somebody else.
  execFileSync('cp', ['-a', join(prepared, 'postgres'), to]);
}

/** Enough for the processes of a cluster, where tests make their stacks so. */
const MAX_CONNECTIONS = 200;

/** `openEmbeddedPostgres` on a copy of the prepared one, with every table. */
export function openTestPostgres(options: {
  dataDir: string;
  port?: number;
  maxConnections?: number;
}): Promise<EmbeddedPostgres> {
  prepareCluster(options.dataDir);
  return openEmbeddedPostgres({ maxConnections: MAX_CONNECTIONS, ...options });
}
