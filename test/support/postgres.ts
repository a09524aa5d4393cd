/** A real PostgreSQL in a folder of its own, for one test file. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileKeys, type Keys } from '../../src/keys/index.ts';
import { freePort, openStore, type EmbeddedPostgres, type Store } from '../../src/store/index.ts';
import { openTestPostgres } from './cluster.ts';
import { eventually } from './eventually.ts';
import { untyped } from './untyped.ts';

export interface TestDatabase {
  dataDir: string;
  postgres: EmbeddedPostgres;
  keys: Keys;
  store: Store;
  /** Another pool on the same database, closed with everything else. */
  open(poolSize?: number): Promise<Store>;
  /** `kill -9` of the server. Resolves when the processes of its connections are gone too: until they notice, they go on answering. */
  kill(): Promise<void>;
  /** Another server on the same folder and port, after the first was stopped or killed. */
  restart(how?: { keepStores: true }): Promise<void>;
  close(): Promise<void>;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const keys = await openFileKeys(dataDir);
  const stores: Store[] = [];
  // Nobody else is given it while the server is stopped, so that it can be started there again.
  const port = await freePort();
  const open = async (poolSize = 4): Promise<Store> => {
    const store = await openStore({
      connectionString: database.postgres.connectionString,
      cipher: keys.payloadCipher,
      poolSize,
    });
    stores.push(store);
    return store;
  };
  const database: TestDatabase = {
    dataDir,
    keys,
    postgres: await openTestPostgres({ dataDir, port }),
    store: untyped<Store>(undefined),
    open,
    async kill() {
      const { pid, ended } = database.postgres;
      const connections = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
      process.kill(pid, 'SIGKILL');
      await ended;
      await eventually('every process of the server is gone', () =>
        connections.some((one) => existsSync(`/proc/${one}`)) ? undefined : true,
      );
    },
    async restart(how) {
      if (how === undefined) await Promise.all(stores.splice(0).map((store) => store.close()));
      await database.postgres.stop();
      database.postgres = await openTestPostgres({ dataDir, port });
      if (how === undefined) database.store = await open(10);
    },
    async close() {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await database.postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  database.store = await open(10);
  await database.store.migrate();
  return database;
}
