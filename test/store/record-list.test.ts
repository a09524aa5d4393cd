/** Searching a log of many entries: a time is a part of the log, a page is found part by part, and nothing is passed over or told twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReadModel } from '../../src/projection/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import type { RecordFilter } from '../../src/store/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { stageRecord } from '../support/records.ts';

/** Two whole parts whose times are noted, and the beginning of a third. */
const SIZE = 9000;
const BEGAN = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR_MS = 3_600_000;
/** A little out of order, as processes beside each other seal. */
const timeOf = (index: number): string => new Date(BEGAN + (index ^ 1) * HOUR_MS).toISOString();
/** Every 3,000th is of another surface, and every 4,000th says something rare. */
const surfaceOf = (index: number): string => (index % 3000 === 17 ? 'deploy.prod' : 'payments.refund');
const noteOf = (index: number): string => (index % 4000 === 5 ? 'a Rare_word' : 'common');

let world: TestDatabase;
beforeAll(async () => {
  world = await openTestDatabase();
  const signer = world.keys.forTenant('default').record;
  const sequencer = createSequencer(world);
  for (let from = 0; from < SIZE; from += 500) {
    const staged = Array.from({ length: 500 }, (_, offset) => {
      const index = from + offset;
      const surface = surfaceOf(index);
      return stageRecord(signer, { action: `act_${index}`, at: timeOf(index), surface, note: noteOf(index) });
    });
    await sequencer.append('default', await Promise.all(staged));
  }
}, 300_000);
afterAll(() => world.close());

async function indexesOf(filter: RecordFilter, limit = 500): Promise<number[]> {
  const found: number[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await world.store.records.list('default', filter, cursor, limit);
    found.push(...page.records.map(({ index }) => index));
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

const all = Array.from({ length: SIZE }, (_, at) => SIZE - 1 - at);
const between = (from: string, to: string): number[] => all.filter((at) => timeOf(at) >= from && timeOf(at) < to);

describe.each([
  ['before its times are noted', false],
  ['after', true],
])('a log %s', (_when, noted) => {
  beforeAll(async () => {
    if (noted) await createReadModel(world.store).catchUp('default');
  });

  it.each<[string, RecordFilter, () => number[]]>([
    ['everything', {}, () => all],
    ['one surface', { surface: 'deploy.prod' }, () => [6017, 3017, 17]],
    ['a surface that does not occur', { surface: 'ml.train' }, () => []],
    ['a rare word, in any case', { q: 'rare_word' }, () => [8005, 4005, 5]],
    ['a word that does not occur', { q: 'rareXword' }, () => []],
    ['one action', { action: 'act_4711' }, () => [4711]],
    ['an action that does not occur', { action: 'act_none' }, () => []],
  ])('lists %s, newest first, each once', async (_name, filter, expected) => {
    expect(await indexesOf(filter)).toEqual(expected());
  });

  it.each([
    ['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    [timeOf(4095), timeOf(4097)],
    [timeOf(8190), timeOf(8999)],
    ['2020-01-01T00:00:00.000Z', '2021-01-01T00:00:00.000Z'],
    [timeOf(8000), '2099-01-01T00:00:00.000Z'],
  ])('lists what lies between %s and %s', async (from, to) => {
    expect(await indexesOf({ from, to }, 7 * 31)).toEqual(between(from, to));
  });
});

it('the noted times are compared with the entries', async () => {
  expect(await world.store.facts.wrongWindows('default', 0, 1000)).toEqual([]);
});
