/** A real PostgreSQL in a folder of its own, for one test file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileKeys, type Keys } from '../../src/keys/index.ts';
import { openEmbeddedPostgres, openStore, type EmbeddedPostgres, type Store } from '../../src/store/index.ts';
import { freePort } from './port.ts';

export interface TestDatabase {
  dataDir: string;
  postgres: EmbeddedPostgres;
  keys: Keys;
  store: Store;
  /** Another pool on the same database, closed with everything else. */
  open(poolSize?: number): Promise<Store>;
  /** Another server on the same folder, after the first was stopped or killed. */
  restart(how?: { port: number; keepStores: true }): Promise<void>;
  close(): Promise<void>;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const keys = await openFileKeys(dataDir);
  const stores: Store[] = [];
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
    // One that nobody else is given while it is stopped, so that it can be started there again.
    postgres: await openEmbeddedPostgres({ dataDir, port: await freePort() }),
    store: undefined as unknown as Store,
    open,
    async restart(how) {
      if (how === undefined) await Promise.all(stores.splice(0).map((store) => store.close()));
      await database.postgres.stop();
      database.postgres = await openEmbeddedPostgres({ dataDir, ...(how === undefined ? {} : { port: how.port }) });
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
