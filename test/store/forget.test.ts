import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEPT_MS, reservationStays, type LimitQuery } from '../../src/store/index.ts';
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
    await client.query(`insert into slack_post values ($1, 'default', $1, '#one', 'channel', null, $2)`, [id, at]);
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
    ...{ permit: 1, limitDecision: 1, limitReservation: 0, slackMessage: 1, attempt: 1, unauthenticated: 1 },
  });
  await store.forgetting.forget(NOW, 1000);
  expect(Object.values(await store.forgetting.forget(NOW, 1000))).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await left('digest', 'id')).toEqual(['act_open', 'act_released', 'act_young']);
  for (const table of ['permit', 'limit_decision', 'slack_message', 'digest_entry']) {
    expect(await left(table), table).toEqual(['act_open', 'act_released', 'act_young']);
  }
  expect(await left('attempt')).toEqual(['act_young']);
  expect(await left('slack_post')).toEqual([]);
  expect(await left('unauthenticated', 'address')).toEqual(['b']);
});

/** Why a table may have the rows that it has. A new table is added here with its answer. */
const TABLES: Record<
  string,
  'evidence' | 'a row for each action, which is evidence' | 'swept' | 'expires' | 'as many as there are'
> = {
  ...{ log_entry: 'evidence', log_tile: 'evidence', log_head: 'evidence', log_cosignature: 'evidence' },
  ...{ log_anchor: 'evidence', log_window: 'evidence', bundle: 'evidence', bundle_activation: 'evidence' },
  ...{ freeze: 'evidence', key_event: 'evidence', public_key: 'evidence', review: 'evidence' },
  ...{ action: 'a row for each action, which is evidence', action_fact: 'a row for each action, which is evidence' },
  ...{
    action_payload: 'a row for each action, which is evidence',
    execution: 'a row for each action, which is evidence',
  },
  ...{ permit: 'swept', limit_decision: 'swept', limit_reservation: 'swept', limit_total: 'swept', attempt: 'swept' },
  ...{ slack_message: 'swept', slack_post: 'swept', digest: 'swept', digest_entry: 'swept', unauthenticated: 'swept' },
  ...{ session: 'expires', passkey_challenge: 'expires' },
  ...{ action_day: 'as many as there are', api_key: 'as many as there are', delegation: 'as many as there are' },
  ...{
    finding: 'as many as there are',
    finding_answer: 'as many as there are',
    finding_period: 'as many as there are',
  },
  ...{ passkey: 'as many as there are', people_list: 'as many as there are', projection: 'as many as there are' },
  ...{
    saved_view: 'as many as there are',
    schema_generation: 'as many as there are',
    teams_reach: 'as many as there are',
  },
};

it('every table has an answer to how long its rows stay', async () => {
  const { rows } = await client.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_name not like 'kysely%'`,
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(TABLES).sort());
});

describe('what limits hold', () => {
  const YEAR_MS = 365 * DAY_MS;
  const limit = (name: string, windowMs: number): LimitQuery => ({ limit: 'p/held', key: [name], windowMs });
  const take = async (action: string, query: LimitQuery, amount: string, at: Date): Promise<void> => {
    const { committed } = await world.store.limits.decide('default', action, [query], at, () =>
      Promise.resolve({ reservations: [{ ...query, amount, max: '1' }], value: {} }),
    );
    await committed;
  };
  const used = async (query: LimitQuery, at: Date): Promise<string | undefined> =>
    (await world.store.limits.usage('default', 'act_nobody', [query], at))[0]?.used;
  const swept = async (now: Date): Promise<void> => {
    while ((await world.store.forgetting.forget(now, 3)).limitReservation > 0);
  };
  const count = async (table: string): Promise<number> => {
    const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`);
    return rows[0]?.n ?? -1;
  };

  // Taken so long ago, with such a window: what is over, and when it may go.
  it.each([
    ['a day’s, the moment before 400 days are over', DAY_MS, KEPT_MS, true],
    ['a day’s, after 400 days', DAY_MS, KEPT_MS + 1, false],
    ['a window of three years after 400 days', 3 * YEAR_MS, KEPT_MS + 1, true],
    ['a window of three years, the moment before it is over', 3 * YEAR_MS, 3 * YEAR_MS - 1, true],
    ['a window of three years, a day after, for clocks that differ', 3 * YEAR_MS, 3 * YEAR_MS + DAY_MS, true],
    ['a window of three years, later', 3 * YEAR_MS, 3 * YEAR_MS + DAY_MS + 1, false],
    ['a window longer than any date', 99_999 * YEAR_MS, 9 * YEAR_MS, true],
  ])('%s stays: %#', async (name, windowMs, age, stays) => {
    const at = NOW.getTime() - age;
    await take(`act_edge ${name}`, limit(name, windowMs), '5', new Date(at));
    await swept(NOW);
    expect(reservationStays({ at, until: at + windowMs }) >= NOW.getTime()).toBe(stays);
    expect((await left('limit_reservation')).includes(`act_edge ${name}`)).toBe(stays);
  });

  it('a window longer than any date counts all there is', async () => {
    const query = limit('a window longer than any date', 99_999 * YEAR_MS);
    expect(await used(query, NOW)).toBe('5');
  });

  it('a reservation of before its window was kept stays', async () => {
    await client.query(`insert into limit_reservation (tenant, action, slot, limit_name, amount, at)
      values ('default', 'act_old_row', '\\x00', 'p/held', 1, '2001-01-01')`);
    await swept(NOW);
    expect(await left('limit_reservation')).toContain('act_old_row');
  });

  it('what is swept away changes no sum that a window can ask for, and takes its totals along', async () => {
    const window = fc.constantFrom(1000, DAY_MS, 30 * DAY_MS, KEPT_MS, 2 * YEAR_MS);
    const age = fc
      .tuple(
        fc.constantFrom(0, DAY_MS, KEPT_MS, KEPT_MS + DAY_MS, 2 * YEAR_MS, 2 * YEAR_MS + DAY_MS),
        fc.integer({ min: -2, max: 2 }),
      )
      .map(([ms, more]) => Math.max(0, ms + more));
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ window, age, amount: fc.integer({ min: 0, max: 9 }) }), { minLength: 1, maxLength: 12 }),
        async (taken) => {
          turn += 1;
          await client.query('delete from limit_reservation');
          expect(await count('limit_total'), 'what is given back leaves no empty total').toBe(0);
          const windows = [...new Set(taken.map((one) => one.window))];
          const slot = (windowMs: number): LimitQuery => limit(`${turn} ${windowMs}`, windowMs);
          for (const [n, one] of taken.entries()) {
            await take(`act_${turn}_${n}`, slot(one.window), String(one.amount), new Date(NOW.getTime() - one.age));
          }
          await swept(NOW);
          const stay = taken.filter(
            (one) =>
              reservationStays({ at: NOW.getTime() - one.age, until: NOW.getTime() - one.age + one.window }) >=
              NOW.getTime(),
          );
          expect(await count('limit_reservation')).toBe(stay.length);
          expect(await world.store.actionRows.wrongTotals('default')).toEqual([]);
          if (stay.length === 0) expect(await count('limit_total')).toBe(0);
          for (const windowMs of windows) {
            const sum = taken
              .filter((one) => one.window === windowMs && one.age < windowMs)
              .reduce((all, one) => all + one.amount, 0);
            expect(await used(slot(windowMs), NOW)).toBe(String(sum));
          }
        },
      ),
      { numRuns: 30 },
    );
  }, 120_000);
});
