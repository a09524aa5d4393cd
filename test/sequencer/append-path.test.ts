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
  await one.append('default', [staged('act_1')]);
  await one.append('default', [staged('act_2')]);
  await other.append('default', [staged('act_3')]);
  await one.append('default', [staged('act_4')]);
  await one.append('default', [staged('act_5')]);
  expect(paths).toEqual(['begun', 'ahead', 'moved', 'ahead']);
});
