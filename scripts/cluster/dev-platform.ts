/** A platform of what everybody has: PostgreSQL and Temporal's dev server. For runs that may not build anything. */
import { join } from 'node:path';
import type { Config } from '../../src/main/config.ts';
import { startReadyDevServer, type DevServer } from '../../src/main/temporal/index.ts';
import { freePort } from '../../src/store/index.ts';
import { platformAt, restartablePostgres, type Platform } from './platform.ts';

export async function startDevPlatform(options: {
  folder: string;
  /** Path of the `temporal` command. */
  binary: string;
  config: Pick<Config, 'temporal'>;
}): Promise<Platform> {
  const { folder, binary, config } = options;
  const { adminUrl, server: postgres } = await restartablePostgres(join(folder, 'database'), await freePort());
  const port = await freePort();
  let current: DevServer | null = null;
  let pid = -1;
  const start = async (): Promise<void> => {
    const dataDir = join(folder, 'temporal');
    const { server, connection } = await startReadyDevServer({ binary, dataDir, namespace: 'default', port }, config);
    await connection.close();
    current = server;
    pid = server.pid;
  };
  await start();
  return {
    ...platformAt({ adminUrl, temporalAddress: `127.0.0.1:${port}` }, config),
    postgres,
    temporal: {
      get pid() {
        return pid;
      },
      start,
      async end(signal) {
        if (signal === 'SIGKILL') process.kill(pid, 'SIGKILL');
        await current?.stop();
      },
    },
    async stop() {
      await current?.stop();
      await postgres.end('SIGTERM');
    },
  };
}
