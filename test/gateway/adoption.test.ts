/** What a database of before has: rows without records. They are sealed once, and nothing that somebody writes later is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adoptRows } from '../../src/gateway/credentials.ts';
import { apiKeyHash, createApiKey } from '../../src/identity/index.ts';
import { createRegister, sealedCredentials } from '../../src/register/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { NO_MARKS } from '../support/marks.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** A process of its own on the database. */
function processOf() {
  const { store, keys } = database;
  const register = createRegister({ store, keys, marks: NO_MARKS });
  const sequencer = createSequencer({ store, keys });
  return { store, keys, register, sequencer, signers: (name: string) => keys.forTenant(name), now: () => new Date() };
}

const NOW = Date.now();
const delegation = (id: string, endsAt: number) => ({
  ...{ id, tenant: 'default', from: 'user:a@acme.test', to: 'user:b@acme.test', surfaces: ['payments.*'] },
  ...{ startsAt: NOW - 1000, endsAt, revokedAt: null },
});

async function keyRow(revoked = false): Promise<string> {
  const { key, entry } = createApiKey({ surfaces: ['payments.*'], actors: ['agent:support-bot'] });
  await database.store.apiKeys.create({ ...entry, createdAt: new Date(NOW).toISOString() });
  if (revoked) await database.store.apiKeys.revoke('default', entry.id, new Date(NOW).toISOString());
  return key;
}

async function found(key: string) {
  const finder = sealedCredentials({ ...processOf(), now: Date.now });
  return finder.findByHash(apiKeyHash(key));
}

it('is sealed at the first start, by however many processes, and never again', async () => {
  const [live, ended] = [await keyRow(), await keyRow(true)];
  await database.store.delegations.add(delegation('dlg_live', NOW + 3_600_000));
  await database.store.delegations.add(delegation('dlg_over', NOW - 500));
  expect(await found(live)).toBeNull();

  await Promise.all([adoptRows(processOf()), adoptRows(processOf()), adoptRows(processOf())]);
  expect(await found(live)).toMatchObject({ surfaces: ['payments.*'], actors: ['agent:support-bot'] });
  expect(await found(ended)).toBeNull();
  const { delegations, credentials, adopted } = await processOf().register.current('default');
  expect([[...delegations.keys()], credentials.size, adopted]).toEqual([['dlg_live'], 1, true]);

  const size = async (): Promise<number> => (await database.store.log.head('default'))?.size ?? 0;
  const before = await size();
  const written = await keyRow();
  await database.store.delegations.add(delegation('dlg_written', NOW + 3_600_000));
  await adoptRows(processOf());
  expect([await size(), await found(written)]).toEqual([before, null]);
  expect([...(await processOf().register.current('default')).delegations.keys()]).toEqual(['dlg_live']);
});
