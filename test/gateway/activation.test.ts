import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activateBundle, catchUp, type ActivationDeps } from '../../src/engine/activation.ts';
import { createRegister } from '../../src/register/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import type { Store } from '../../src/store/index.ts';
import { checkLog } from '../support/check-log.ts';
import { NO_MARKS } from '../support/marks.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** A process of its own on the database; `fault` is thrown once, instead of bringing into force what was just sealed. */
function engine(store: Store, fault?: Error): ActivationDeps {
  let thrown = fault === undefined;
  return {
    store: {
      ...store,
      bundles: {
        ...store.bundles,
        async activate(...input) {
          if (!thrown && fault !== undefined) {
            thrown = true;
            throw fault;
          }
          await store.bundles.activate(...input);
        },
      },
    },
    sequencer: createSequencer({ store, keys: database.keys }),
    register: createRegister({ store, keys: database.keys, marks: NO_MARKS }),
    signers: (tenant) => database.keys.forTenant(tenant),
    now: () => new Date(),
  };
}

const named = (letter: string): string => `sha256:${letter.repeat(64)}`;

async function world(tenant: string): Promise<{ hashes: string[]; sealed: string[] }> {
  await checkLog({ ...database, tenant });
  const history = await database.store.bundles.history(tenant);
  const { records } = await database.store.records.list(tenant, { type: 'policy' }, undefined, 100);
  const sealed = records.reverse().map(({ record }) => (record.type === 'policy' ? String(record.body['bundle']) : ''));
  return { hashes: history.map(({ hash }) => hash), sealed };
}

async function first(tenant: string): Promise<ActivationDeps> {
  for (const letter of 'abc') await database.store.bundles.put(tenant, named(letter), { letter });
  const deps = engine(database.store);
  const input = { tenant, hash: named('a'), previous: null, by: 'start', reason: null, action: null };
  expect(await activateBundle(deps, input)).toMatchObject({ state: 'activated' });
  return deps;
}

const input = (tenant: string, letter: string, action: string, previous = named('a')) => ({
  tenant,
  hash: named(letter),
  previous,
  by: 'user:someone',
  reason: 'why',
  action,
});

describe('an activation', () => {
  it('done again for the same action is the one that was done, also when others followed', async () => {
    const deps = await first('again');
    const once = await activateBundle(deps, input('again', 'b', 'act_1'));
    await activateBundle(deps, input('again', 'c', 'act_2', named('b')));
    expect(await activateBundle(deps, input('again', 'b', 'act_1'))).toEqual(once);
    expect(await world('again')).toEqual({ hashes: 'abc'.split('').map(named), sealed: 'abc'.split('').map(named) });
  });

  it('that died after it was sealed is brought into force by whoever comes next', async () => {
    await first('died');
    const dying = engine(database.store, new Error('power cut'));
    await expect(activateBundle(dying, input('died', 'b', 'act_1'))).rejects.toThrow('power cut');
    expect((await world('died')).hashes).toEqual([named('a')]);
    // Itself, after the restart.
    expect(await activateBundle(dying, input('died', 'b', 'act_1'))).toMatchObject({ state: 'activated' });
    expect(await world('died')).toEqual({ hashes: [named('a'), named('b')], sealed: [named('a'), named('b')] });

    const again = engine(database.store, new Error('power cut'));
    await expect(activateBundle(again, input('died', 'a', 'act_2', named('b')))).rejects.toThrow('power cut');
    // Another process, about something else: what was sealed comes into force first.
    const other = engine(await database.open());
    expect(await activateBundle(other, input('died', 'c', 'act_3', named('b')))).toEqual({
      state: 'stale',
      inForce: named('a'),
    });
    expect((await world('died')).hashes).toEqual(['a', 'b', 'a'].map(named));
  });

  it('is stale when another bundle is in force, and then nothing is sealed', async () => {
    const deps = await first('stale');
    expect(await activateBundle(deps, input('stale', 'c', 'act_1', named('b')))).toEqual({
      state: 'stale',
      inForce: named('a'),
    });
    expect((await world('stale')).sealed).toEqual([named('a')]);
  });

  it('of many at once, in several processes, exactly one replaces a bundle', async () => {
    await first('race');
    const engines = await Promise.all(Array.from({ length: 4 }, async () => engine(await database.open())));
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        activateBundle(engines[i % 4] as ActivationDeps, input('race', i % 2 === 0 ? 'b' : 'c', `act_${i}`)),
      ),
    );
    expect(results.filter(({ state }) => state === 'activated')).toHaveLength(1);
    const { hashes, sealed } = await world('race');
    expect([hashes.length, hashes]).toEqual([2, sealed]);
  });

  it('catching up changes nothing where nothing was missed', async () => {
    const deps = await first('calm');
    await Promise.all([catchUp(deps, 'calm'), catchUp(deps, 'calm')]);
    expect((await world('calm')).hashes).toEqual([named('a')]);
  });
});
