/** Who may change the schema, and which versions run side by side on one. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDatabase, openStore, type Store } from '../../src/store/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let world: TestDatabase;
let owner: string;
/** Of a role that may read and write rows, and nothing else. */
let limited: string;

beforeAll(async () => {
  world = await openTestDatabase();
  owner = world.postgres.connectionString;
  await raw(owner, `create role "count-app" login password 'of-a-test'`);
  const url = new URL(owner);
  url.username = 'count-app';
  url.password = 'of-a-test';
  limited = url.href;
});
afterAll(() => world.close());

async function raw(at: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function withStore<T>(at: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ connectionString: at, cipher: world.keys.payloadCipher });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

describe('a role that `migrate` grants to', () => {
  it('reads and writes rows, finds the schema in order, and changes no table', async () => {
    expect(await migrateDatabase(owner, { grant: 'count-app' })).toEqual([]);
    await withStore(limited, async (store) => {
      await store.assertMigrated();
      await store.attempts.add({
        tenant: 't',
        action: '',
        by: 'b',
        door: 'api',
        code: 'c',
        at: '2026-01-01T00:00:00Z',
      });
      expect(await store.attempts.list('t')).toHaveLength(1);
    });
    for (const statement of [
      'drop table attempt',
      'alter table attempt add column x int',
      'create table mine (x int)',
      'truncate attempt',
    ])
      await expect(raw(limited, statement)).rejects.toMatchObject({ code: '42501' });
  });

  it.each(['', 'a"b', '1st', 'x'.repeat(64)])('is named as PostgreSQL names one: %j is not', async (grant) => {
    await expect(migrateDatabase(owner, { grant })).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('a schema of another release', () => {
  const later = (current: number, oldest: number): Promise<void> =>
    raw(
      owner,
      `insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01') on conflict do nothing;
       update schema_generation set current = ${current}, oldest = ${oldest}`,
    );
  afterAll(async () => {
    await raw(
      owner,
      `delete from kysely_migration where name = '9999-later'; update schema_generation set current = 1, oldest = 0`,
    );
    await world.store.migrate();
  });

  it('of the next one: a process of this one starts beside it, and leaves it as it is', async () => {
    await later(2, 1);
    await withStore(owner, async (store) => {
      await store.migrate();
      await store.assertMigrated();
    });
    expect(await migrateDatabase(owner)).toEqual([]);
  });

  it.each([
    ['of the one after that', 3, 2],
    ['that says nothing of it', 1, 0],
  ])('%s: it is refused', async (_what, current, oldest) => {
    await later(current, oldest);
    await expect(migrateDatabase(owner)).rejects.toMatchObject({ code: 'configuration' });
    await expect(withStore(owner, (store) => store.assertMigrated())).rejects.toMatchObject({ code: 'configuration' });
  });
});

it('a step that is missing is named, and whoever may not change the schema does not start', async () => {
  await raw(owner, `delete from kysely_migration where name = '0170-schema-generation'; drop table schema_generation`);
  expect(await migrateDatabase(owner, { check: true })).toEqual(['0170-schema-generation']);
  await expect(withStore(limited, (store) => store.assertMigrated())).rejects.toThrow(/countersign migrate/);
  expect(await migrateDatabase(owner)).toEqual(['0170-schema-generation']);
  expect(await migrateDatabase(owner, { check: true })).toEqual([]);
});
