/** Writers of one log: who lost the race for its head is told apart. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSequencer, type AppendPath, type StagedRecord } from '../../src/sequencer/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let world: TestDatabase;
beforeAll(async () => {
  world = await openTestDatabase();
});
afterAll(() => world.close());

const staged = (action: string): StagedRecord => ({
  action,
  seq: 0,
  type: 'verdict',
  recordHash: `sha256:${Buffer.from(action.padEnd(32)).toString('hex')}`,
  envelope: Buffer.from(action),
  at: '2026-01-01T00:00:00.000Z',
  facets: { surface: null, actor: null, approver: null, decision: null },
});

it('the first batch, those on top of our own, and one behind somebody else’s', async () => {
  const { store, keys } = world;
  const paths: AppendPath[] = [];
  const one = createSequencer({ store, keys, onAppend: (path) => paths.push(path) });
  const other = createSequencer({ store, keys });
  const append = (sequencer: typeof one, name: string) => sequencer.append('default', [staged(`act_${name}`)]);
  for (let n = 0; n < 10; n += 1) await append(one, `alone_${n}`);
  await append(other, 'between');
  await append(one, 'behind');
  await append(one, 'after');
  // It takes turns until it was alone for a while, and again once others write this log too.
  const turns = Array.from({ length: 8 }, () => 'turn');
  expect(paths).toEqual(['begun', ...turns, 'ahead', 'moved', 'turn']);
});

it('of many writers of one log hardly any loses a race, and none its place', async () => {
  const { keys } = world;
  const tenant = 'of-many';
  await keys.ensure(tenant);
  const paths: AppendPath[] = [];
  const stores = await Promise.all(Array.from({ length: 4 }, () => world.open()));
  const writers = stores.map((store) => createSequencer({ store, keys, onAppend: (path) => paths.push(path) }));
  const lane = async (writer: (typeof writers)[number], name: string): Promise<number[]> => {
    const places: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const [sealed] = await writer.append(tenant, [staged(`act_${name}_${n}`)]);
      places.push(sealed?.index ?? -1);
    }
    return places;
  };
  const lanes = writers.flatMap((writer, w) => [0, 1, 2].map((l) => lane(writer, `${w}_${l}`)));
  const places = (await Promise.all(lanes)).flat().sort((a, b) => a - b);
  expect(places).toEqual(places.map((_, n) => n));
  const lost = paths.filter((path) => path === 'moved').length;
  expect(lost / paths.length).toBeLessThanOrEqual(0.05);
});

it('an entry that is sealed already is found in a turn too', async () => {
  const { store, keys } = world;
  const one = createSequencer({ store, keys });
  const other = createSequencer({ store, keys });
  await one.append('default', [staged('act_6')]);
  await other.append('default', [staged('act_7')]);
  await one.append('default', [staged('act_8')]);
  const [again] = await one.append('default', [staged('act_7')]);
  expect(again).toMatchObject({ existing: true });
  const [next] = await one.append('default', [staged('act_9')]);
  expect(next).toMatchObject({ existing: false });
});

it('whoever stands still in its turn loses it, and the others go on', async () => {
  const { store, keys } = world;
  const other = await world.open();
  let stuck = (): void => undefined;
  const still = new Promise<void>((resolve) => (stuck = resolve));
  const end = await store.log.head('default');
  let entered = (): void => undefined;
  const inTurn = new Promise<void>((resolve) => (entered = resolve));
  const turn = store.log.appendAtHead('default', end?.size ?? 0, async () => {
    entered();
    await still;
    throw new Error('it was let go on too late');
  });
  turn.catch(() => undefined);
  await inTurn;
  const [sealed] = await createSequencer({ store: other, keys }).append('default', [staged('act_10')]);
  expect(sealed).toMatchObject({ existing: false });
  stuck();
  await expect(turn).rejects.toThrow('it was let go on too late');
});
