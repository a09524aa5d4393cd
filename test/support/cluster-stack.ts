/**
 * The stack of a test as a cluster of processes: with `COUNTERSIGN_TEST_CLUSTER` set to what `npm run cluster -- platform` says, every stack
 * is two APIs, two workers and Slack's service over PostgreSQL and the production server of Temporal, in a database and a namespace of its own.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformAt, type PlatformAddress } from '../../scripts/cluster/platform.ts';
import { startCluster } from '../../scripts/cluster/cluster.ts';
import type { SlackSandbox } from '../../sandbox/slack/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import type { Stack } from '../../src/main/start.ts';
import { openTemporal } from '../../src/main/temporal/index.ts';

export const testCluster = (): PlatformAddress | null => {
  const said = process.env['COUNTERSIGN_TEST_CLUSTER'];
  return said === undefined ? null : (JSON.parse(said) as PlatformAddress);
};

/** @throws Error for what only a stack in one process can do. */
export async function startClusterStack(
  address: PlatformAddress,
  { env, dataDir }: { env: NodeJS.ProcessEnv; dataDir: string },
): Promise<{ stack: Stack; sandbox: SlackSandbox | null }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const cluster = await startCluster({ platform: platformAt(address, loadConfig({})), name, dataDir, env });
  const temporal = await openTemporal(cluster.config, { say: () => undefined });
  const keyFile = join(dataDir, 'first-key');
  const workers = cluster.services.filter(({ kind }) => kind === 'worker');
  const stack: Stack = {
    url: cluster.url,
    temporal,
    parts: cluster.parts,
    firstKey: existsSync(keyFile) ? readFileSync(keyFile, 'utf8').trim() : null,
    firstKeyMade: true,
    signInLink: null,
    worker: {
      done: new Promise(() => undefined),
      state: () => 'RUNNING',
      stop: async () => void (await Promise.all(workers.map((worker) => worker.end('SIGTERM')))),
    },
    failed: new Promise<never>(() => undefined),
    async stop() {
      await temporal.stop();
      await cluster.stop();
    },
  };
  return { stack, sandbox: cluster.sandbox };
}
