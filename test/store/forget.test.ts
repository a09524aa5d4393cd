import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KEPT_MS } from '../../src/store/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

const NOW = new Date('2026-06-01T00:00:00.000Z');
const ago = (ms: number): string => new Date(NOW.getTime() - ms).toISOString();
const DAY_MS = 24 * 3_600_000;
const [OLD, YOUNG] = [ago(KEPT_MS + DAY_MS), ago(KEPT_MS - DAY_MS)];

let world: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  world = await openTestDatabase();
  client = new pg.Client({ connectionString: world.postgres.connectionString });
  await client.connect();
  for (const [id, status, at] of [
    ['act_old', 'executed', OLD],
    ['act_open', 'supervised', OLD],
    ['act_released', 'released', OLD],
    ['act_young', 'executed', YOUNG],
  ]) {
    await client.query(
      `insert into action (tenant, id, status, surface, actor, requester, view, created_at, updated_at)
       values ('default', $1, $2, 's', 'a', 'r', '{}', $3, $3)`,
      [id, status, at],
    );
    await client.query(`insert into permit values ('default', $1, $1, 'a', 'h', $2, null)`, [id, at]);
    await client.query(`insert into limit_decision values ('default', $1, '{}', $2)`, [id, at]);
    await client.query(`insert into slack_message values ('default', $1, 'W', 'C', $1, 'channel', null, 'x', 1)`, [id]);
    await client.query(`insert into digest (tenant, id, target, at) values ('default', $1, '#one', $2)`, [id, at]);
    await client.query(
      `insert into digest_entry (tenant, action, target, due, digest) values ('default', $1, '#one', $2, $1)`,
      [id, at],
    );
    await client.query(
      `insert into attempt (tenant, action, by, door, code, at) values ('default', $1, 'b', 'd', 'c', $2)`,
      [id, at],
    );
  }
  await client.query(`insert into unauthenticated values ('a', $1, 1, $1), ('b', $2, 1, $2)`, [
    ago(91 * DAY_MS),
    ago(89 * DAY_MS),
  ]);
});
afterAll(async () => {
  await client.end();
  await world.close();
});

const left = async (table: string, column = 'action'): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(`select ${column} as name from ${table} order by 1`);
  return rows.map(({ name }) => name);
};

it('what was closed long ago is forgotten, a few rows at a time, and nothing else', async () => {
  const { store } = world;
  expect(await store.forgetting.forget(NOW, 1)).toEqual({
    ...{ permit: 1, limitDecision: 1, slackMessage: 1, attempt: 1, unauthenticated: 1 },
  });
  await store.forgetting.forget(NOW, 1000);
  expect(Object.values(await store.forgetting.forget(NOW, 1000))).toEqual([0, 0, 0, 0, 0]);
  expect(await left('digest', 'id')).toEqual(['act_open', 'act_released', 'act_young']);
  for (const table of ['permit', 'limit_decision', 'slack_message', 'digest_entry']) {
    expect(await left(table), table).toEqual(['act_open', 'act_released', 'act_young']);
  }
  expect(await left('attempt')).toEqual(['act_young']);
  expect(await left('unauthenticated', 'address')).toEqual(['b']);
});
