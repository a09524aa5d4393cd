/**
 * The stack of a test as a cluster of processes: with `COUNTERSIGN_TEST_CLUSTER` set to what `npm run cluster -- platform` says, every stack
 * is two APIs, two workers and Slack's service over PostgreSQL and the production server of Temporal, in a database and a namespace of its own.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformAt, type Platform, type PlatformAddress } from '../../scripts/cluster/platform.ts';
import { startCluster } from '../../scripts/cluster/cluster.ts';
import { CLUSTER } from './not-on-cluster.ts';
import type { SlackSandbox } from '../../sandbox/slack/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import type { Stack } from '../../src/main/start.ts';
import { openTemporal } from '../../src/main/temporal/index.ts';

export const testCluster = (): PlatformAddress | null => {
  const said = process.env[CLUSTER];
  return said === undefined ? null : (JSON.parse(said) as PlatformAddress);
};

/** gRPC's `ALREADY_EXISTS`. */
const EXISTS = 6;

/** Database and namespace of a data folder: new ones, or those of its last start. A namespace that went with a restore is made again. */
function placeOf(
  address: PlatformAddress,
  dataDir: string,
): { name: string; platform: Pick<Platform, 'temporalAddress' | 'createDatabase' | 'createNamespace'> } {
  const platform = platformAt(address, loadConfig({}));
  const file = join(dataDir, 'cluster-name');
  if (!existsSync(file)) {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    writeFileSync(file, name);
    return { name, platform };
  }
  const name = readFileSync(file, 'utf8');
  const url = new URL(address.adminUrl);
  url.pathname = name;
  return {
    name,
    platform: {
      temporalAddress: address.temporalAddress,
      createDatabase: async () => url.href,
      createNamespace: (namespace) =>
        platform.createNamespace(namespace).catch((error: unknown) => {
          if (!(error instanceof Error && 'code' in error && error.code === EXISTS)) throw error;
        }),
    },
  };
}

export async function startClusterStack(
  address: PlatformAddress,
  { env, dataDir }: { env: NodeJS.ProcessEnv; dataDir: string },
): Promise<{ stack: Stack; sandbox: SlackSandbox | null }> {
  const { name, platform: place } = placeOf(address, dataDir);
  // A test that edits rows brings a database of its own.
  const given = env['DATABASE_URL'];
  const platform = given === undefined ? place : { ...place, createDatabase: () => Promise.resolve(given) };
  const cluster = await startCluster({ platform, name, dataDir, env });
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
