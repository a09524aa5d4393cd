/** What the services of a cluster stand on: PostgreSQL, and the production server of Temporal on it. Each can be killed and started again. */
import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import proto from '@temporalio/proto';
import type { Config } from '../../src/main/config.ts';
import { connectTemporal } from '../../src/main/temporal/index.ts';
import { freePort, openEmbeddedPostgres, spawnSupervised, type SupervisedChild } from '../../src/store/index.ts';
import type { ServerBinaries } from './binaries.ts';
import { serverConfig, STORES } from './temporal-config.ts';

const run = promisify(execFile);
const { Duration } = proto.google.protobuf;

/** As short as Temporal lets it be. What is kept longer is ours to keep. */
const NAMESPACE_RETENTION_S = 72 * 3600;
const READY_MS = 120_000;
/**
 * Temporal's four services take up to 25 each, and keep them; each process of a cluster up to 22 (docs/operations.md). Tests make several
 * clusters on one platform. What is refused a connection says that the database is away, and at its start it ends.
 */
const MAX_CONNECTIONS = 400;

/** A process that can be taken away under load, and given back on the same port. */
export interface Restartable {
  readonly pid: number;
  /** `kill -9` or an orderly end, and resolves when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
}

/** Where a platform is. */
export interface PlatformAddress {
  /** Of PostgreSQL's owner. */
  adminUrl: string;
  temporalAddress: string;
}

export interface Platform extends PlatformAddress {
  postgres: Restartable;
  temporal: Restartable;
  /** @returns URL of a new and empty database */
  createDatabase(name: string): Promise<string>;
  /** Answers when the server knows it everywhere. */
  createNamespace(name: string): Promise<void>;
  stop(): Promise<void>;
}

interface PlatformOptions {
  folder: string;
  binaries: ServerBinaries;
  config: Pick<Config, 'temporal'>;
  /** File of Temporal's dynamic settings; that of the compose file. */
  dynamic: string;
}

export async function startPlatform({ folder, binaries, config, dynamic }: PlatformOptions): Promise<Platform> {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const port = await freePort();
  const postgres = await restartablePostgres(join(folder, 'database'), port);
  const { adminUrl } = postgres;
  const createDatabase = (name: string): Promise<string> => createDatabaseAt(adminUrl, name);
  const { username, password } = new URL(adminUrl);
  const database = { host: '127.0.0.1', port, user: username, password };
  for (const [schema, name] of [
    ['temporal', STORES.default],
    ['visibility', STORES.visibility],
  ] as const) {
    await createDatabase(name);
    const sql = (...more: string[]): Promise<unknown> =>
      run(binaries.sql, [
        ...['--plugin', 'postgres12', '--ep', database.host, '-p', String(port)],
        ...['-u', username, '--pw', password, '--db', name, ...more],
      ]);
    await sql('setup-schema', '-v', '0.0');
    await sql('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
  const ports: [number, number][] = [];
  while (ports.length < 4) ports.push([await freePort(), await freePort()]);
  const configDir = join(folder, 'temporal');
  mkdirSync(configDir, { recursive: true });
  writeFileSync(join(configDir, 'dynamic.yaml'), readFileSync(dynamic, 'utf8') + CLUSTER_ONLY);
  const settings = serverConfig({ database, ports, dynamic: join(configDir, 'dynamic.yaml') });
  writeFileSync(join(configDir, 'cluster.yaml'), settings, { mode: 0o600 });
  const temporalAddress = `127.0.0.1:${ports[0]?.[0] ?? 0}`;
  const temporal = restartableServer(binaries.server, configDir, () => untilServing(temporalAddress, config));
  await temporal.start();
  return {
    ...platformAt({ adminUrl, temporalAddress }, config),
    postgres: postgres.server,
    temporal,
    async stop() {
      await temporal.end('SIGTERM');
      await postgres.server.end('SIGTERM');
    },
  };
}

/** A namespace is there for whoever starts right after it was made. */
const CLUSTER_ONLY = `
system.namespaceCacheRefreshInterval:
  - value: 1s
`;

/** A platform that somebody else started. */
export function platformAt(
  address: PlatformAddress,
  config: Pick<Config, 'temporal'>,
): Omit<Platform, 'postgres' | 'temporal' | 'stop'> {
  return {
    ...address,
    createDatabase: (name) => createDatabaseAt(address.adminUrl, name),
    createNamespace: (name) => createNamespace(address.temporalAddress, config, name),
  };
}

async function createDatabaseAt(adminUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function restartablePostgres(
  dataDir: string,
  port: number,
): Promise<{ adminUrl: string; server: Restartable }> {
  const options = { dataDir, port, maxConnections: MAX_CONNECTIONS };
  let current = await openEmbeddedPostgres(options);
  // Over TCP: Temporal's server and the services of other machines have no socket of it either.
  const url = new URL(current.connectionString);
  url.search = '';
  return {
    adminUrl: url.href,
    server: {
      get pid() {
        return current.pid;
      },
      async end(signal) {
        if (signal === 'SIGKILL') process.kill(current.pid, 'SIGKILL');
        await current.stop();
      },
      async start() {
        current = await openEmbeddedPostgres(options);
      },
    },
  };
}

function restartableServer(binary: string, configDir: string, untilReady: () => Promise<void>): Restartable {
  let current: SupervisedChild | null = null;
  return {
    get pid() {
      return current?.pid ?? -1;
    },
    async end(signal) {
      if (signal === 'SIGKILL' && current !== null) process.kill(current.pid, 'SIGKILL');
      await current?.stop();
    },
    async start() {
      const log = openSync(join(configDir, 'server.log'), 'a', 0o600);
      const args = ['--root', configDir, '--config', '.', '--env', 'cluster', '--allow-no-auth', 'start'];
      current = await spawnSupervised(binary, args, { output: log, env: { PATH: process.env['PATH'] } });
      closeSync(log);
      await untilReady();
    },
  };
}

async function untilServing(address: string, { temporal }: Pick<Config, 'temporal'>): Promise<void> {
  for (let left = READY_MS; ; left -= 250) {
    try {
      const connection = await connectTemporal(address, { ...temporal, tls: null, apiKey: undefined });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'temporal-system' });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (left <= 0) throw error;
      await sleep(250);
    }
  }
}

async function createNamespace(
  address: string,
  { temporal }: Pick<Config, 'temporal'>,
  namespace: string,
): Promise<void> {
  const connection = await connectTemporal(address, { ...temporal, tls: null, apiKey: undefined });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: Duration.fromObject({ seconds: NAMESPACE_RETENTION_S }),
    });
    for (let left = READY_MS; ; left -= 100) {
      try {
        await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'countersign' } });
        return;
      } catch (error) {
        if (left <= 0) throw error;
        await sleep(100);
      }
    }
  } finally {
    await connection.close();
  }
}
