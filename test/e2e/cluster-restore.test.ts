/**
 * Restores of Temporal's database on the production server, over PostgreSQL. It stops and starts that server, so it brings one of its own; only
 * where the end-to-end tests run on a cluster, since the server takes minutes to build.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporalServer } from '../../scripts/cluster/binaries.ts';
import { startPlatform, type Platform } from '../../scripts/cluster/platform.ts';
import { STORES } from '../../scripts/cluster/temporal-config.ts';
import { loadConfig } from '../../src/main/config.ts';
import { testCluster } from '../support/cluster-stack.ts';
import { CLUSTER } from '../support/not-on-cluster.ts';
import { outlivesRestores } from '../support/restores.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const given = process.env[CLUSTER];

describe.skipIf(testCluster() === null)('after a restore of the production server’s databases alone', () => {
  let folder: string;
  let platform: Platform;
  let stack: TestStack;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-restore-'));
    // Its cache has the server.
    const config = loadConfig({ ...process.env, COUNTERSIGN_METRICS_PORT: undefined });
    platform = await startPlatform({
      folder,
      config,
      binaries: await temporalServer(config.cacheDir, console.log),
      dynamic: fileURLToPath(new URL('../../deploy/temporal/dynamic-config.yaml', import.meta.url)),
    });
    await whileStopped(() => copy('', '_empty'));
    const { adminUrl, temporalAddress } = platform;
    process.env[CLUSTER] = JSON.stringify({ adminUrl, temporalAddress });
    stack = await startTestStack();
  });
  afterAll(async () => {
    await stack.stop();
    await platform.stop();
    rmSync(folder, { recursive: true, force: true });
    process.env[CLUSTER] = given;
  });

  /** PostgreSQL copies what nobody is connected to. */
  async function whileStopped(work: () => Promise<void>): Promise<void> {
    await platform.temporal.end('SIGTERM');
    await work();
    await platform.temporal.start();
  }
  /** Both databases of the server, in the place of what is there. */
  async function copy(from: string, to: string): Promise<void> {
    const client = new pg.Client({ connectionString: platform.adminUrl });
    await client.connect();
    for (const name of Object.values(STORES)) {
      await client.query(`drop database if exists ${name}${to} with (force)`);
      await client.query(`create database ${name}${to} template ${name}${from}`);
    }
    await client.end();
  }

  it('what was sealed stays, and what is open goes on, from an older copy and from none', { timeout: 600_000 }, () =>
    outlivesRestores({
      stack: () => stack,
      backUp: () => whileStopped(() => copy('', '_older')),
      async restore(which) {
        const { dataDir } = stack;
        await stack.stop({ keepData: true, replay: false });
        await whileStopped(() => copy(`_${which}`, ''));
        stack = await startTestStack({}, dataDir);
      },
    }),
  );
});
