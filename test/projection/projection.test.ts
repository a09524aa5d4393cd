/** The read model says what the records say, however it came about; and what somebody wrote into it is named. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogWatch, createReadModel } from '../../src/projection/index.ts';
import { createLogReader } from '../../src/sequencer/index.ts';
import type { ActionFact } from '../../src/store/index.ts';
import { LOG_WINDOW } from '../../src/store/log-window.ts';
import { ASKER, COURSES, CFO, LEAD } from '../evidence/world.ts';
import { eventually } from '../support/eventually.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { sealCourses, sealingOf, asking, BEGAN } from './history.ts';

const ROUNDS = 3;
let world: TestDatabase;
let client: pg.Client;
let actions: Map<string, string[]>;

beforeAll(async () => {
  world = await openTestDatabase();
  actions = await sealCourses(world, ROUNDS);
  client = new pg.Client({ connectionString: world.postgres.connectionString });
  await client.connect();
}, 300_000);
afterAll(async () => {
  await client.end();
  await world.close();
});

const all = async (): Promise<ActionFact[]> => {
  const page = { filter: {}, scope: 'all' as const, sort: 'askedAt' as const, cursor: undefined, limit: 500 };
  return (await world.store.facts.search('default', page)).facts;
};
const factOf = async (course: string): Promise<ActionFact | undefined> =>
  (await all()).find(({ action }) => action === actions.get(course)?.[0]);

describe('the rows', () => {
  it('include the whole log, page by page, and each page once', async () => {
    const readModel = createReadModel(world.store);
    const first = await readModel.catchUp('default', 0);
    expect(first).toMatchObject({ size: 0 });
    const sizes = new Set<number>();
    // Three processes at the same time: one advances, the others see that.
    const done = async (): Promise<void> => {
      for (let at = first; at.size < at.logSize; sizes.add(at.size)) at = await readModel.catchUp('default', 1);
    };
    await Promise.all([done(), done(), done()]);
    const { size, logSize } = await readModel.catchUp('default');
    expect(size).toBe(logSize);
    expect((await all()).length).toBe(Object.keys(COURSES).length * ROUNDS);
  });

  it('of a long log cost what is new in it, not what is before', async () => {
    const tenant = 'long';
    const windows = 8;
    const size = windows * LOG_WINDOW;
    await client.query(
      `insert into log_entry (tenant, index, action, seq, type, record_hash, leaf_hash, envelope, at)
       select $1, n, 'act_' || n, 0, e.type, e.record_hash, e.leaf_hash, e.envelope, e.at + n * interval '1 second'
       from (select * from log_entry where tenant = 'default' and type = 'verdict' order by index limit 1) e,
         generate_series(0, $2::int - 1) n`,
      [tenant, size],
    );
    await client.query(
      `insert into log_head (tenant, size, frontier, root, checkpoint)
       select $1, $2, frontier, root, checkpoint from log_head where tenant = 'default'`,
      [tenant, size],
    );
    // All but the last entry was read before.
    await client.query('insert into projection (tenant, size) values ($1, $2)', [tenant, size - 1]);
    await client.query('analyze log_entry');
    const entriesRead = async (): Promise<number> => {
      const { rows } = await client.query<{ read: string }>(
        `select sum(idx_tup_read) as read from pg_stat_user_indexes where relname = 'log_entry'`,
      );
      return Number(rows[0]?.read);
    };
    const before = await entriesRead();
    const store = await world.open(1);
    await store.facts.advance(tenant, 1, async () => [], 'wait');
    const read = await eventually('what was read is counted', async () => {
      // A connection says what it read with a later transaction, a second after the last time.
      await store.facts.projected(tenant);
      const now = (await entriesRead()) - before;
      return now >= LOG_WINDOW ? now : undefined;
    });
    expect(read).toBeLessThan(2 * LOG_WINDOW);
    for (const table of ['log_head', 'log_entry', 'log_window', 'projection'])
      await client.query(`delete from ${table} where tenant = $1`, [tenant]);
  });

  it.each([
    ['approved', { status: 'executed', releaseBasis: 'rule', approver: null, waitMs: null }],
    ['constrained', { status: 'failed', changed: true, decision: 'constrain' }],
    ['refused', { status: 'refused', basis: 'silence', releaseBasis: null }],
    ['overridden', { status: 'executed', releaseBasis: 'override', approver: LEAD, via: 'slack', waitMs: 7000 }],
    ['approved by a delegate', { status: 'skipped', delegatedFrom: LEAD, approver: 'user:deputy@acme.test' }],
    [
      'asked, answered, extended, escalated, approved by who was added',
      {
        status: 'released',
        changed: true,
        approver: 'user:duty-manager@acme.test',
        delegatedFrom: null,
        extended: true,
      },
    ],
    ['two of a quorum', { status: 'executed', approver: CFO }],
    ['refused by a human', { status: 'refused', approver: LEAD, reason: 'looked at it' }],
    ['expired', { status: 'expired', approver: null, decidedAt: null }],
    ['approved, then frozen until it expired', { status: 'expired', approver: LEAD }],
    ['withdrawn', { status: 'cancelled', approver: null }],
    ['refused at its release', { status: 'refused', approver: LEAD, releasedAt: null }],
    ['break glass, reviewed late', { status: 'executed', releaseBasis: 'break_glass', reviewedAt: expect.any(String) }],
    ['observed', { status: 'executed', mode: 'observe', releaseBasis: 'observe' }],
    ['never reported, and no longer kept', { status: 'unreported' }],
    ['reconciled', { status: 'failed' }],
  ])('say of an action that was %s what its records say', async (course, expected) => {
    expect(await factOf(course)).toMatchObject(expected);
  });

  it('hold the amounts at each stage, exact, in the places of their currency', async () => {
    expect(await factOf('overridden')).toMatchObject({
      ...{ amount: '4.00', amountApproved: '4.00', amountReleased: '4.00', amountExecuted: '4.00', currency: 'USD' },
      amountUndisclosed: false,
    });
    const { seal } = sealingOf(world);
    const hidden = asking(
      COURSES['overridden'] ?? [],
      { 'params.currency': 'KWD' },
      {
        commitments: { 'params.amount': `sha256:${'0'.repeat(64)}` },
      },
    );
    await seal('act_hidden', hidden, BEGAN + 86_400_000);
    await createReadModel(world.store).catchUp('default');
    const fact = (await all()).find(({ action }) => action === 'act_hidden');
    expect(fact).toMatchObject({ amount: null, amountExecuted: null, amountUndisclosed: true, currency: 'KWD' });
  });

  it('name everybody who is involved', async () => {
    const fact = await factOf('asked, answered, extended, escalated, approved by who was added');
    expect(fact?.involved).toEqual(['agent:support-bot', ASKER, CFO, LEAD, 'user:duty-manager@acme.test'].sort());
    expect(fact?.requester).toBe(ASKER);
  });
});

describe('the days', () => {
  it('are the sums of their rows, however often a row was written, and what somebody changed is named', async () => {
    const { days } = world.store;
    const range = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };
    const total = async (): Promise<number> => (await days.groups('default', range)).reduce((sum, { n }) => sum + n, 0);
    expect(await days.wrongDays('default')).toEqual([]);
    expect(await total()).toBe((await all()).length);
    const counts = await days.days('default', range);
    expect(counts.reduce((sum, { n }) => sum + n, 0)).toBe(await total());
    expect(counts.reduce((sum, { overrides }) => sum + overrides, 0)).toBe(
      (await all()).filter(({ releaseBasis }) => releaseBasis === 'override').length,
    );
    const [waits] = await days.waits('default', range);
    const decided = (await all()).flatMap(({ waitMs }) => (waitMs === null ? [] : [waitMs])).sort((a, b) => a - b);
    expect(waits).toMatchObject({ approver: '', n: decided.length, longest: decided.at(-1) });
    await client.query('update action_day set asked = asked + 1 where n = (select max(n) from action_day)');
    expect((await days.wrongDays('default')).length).toBeGreaterThan(0);
    await createReadModel(world.store).rebuild('default');
    expect(await days.wrongDays('default')).toEqual([]);
  });
});

describe('the comparison', () => {
  it('finds nothing where nobody wrote, and after the rows were made again', async () => {
    const readModel = createReadModel(world.store);
    const clean = await readModel.check('default', 0);
    expect(clean.differences).toEqual([]);
    expect(clean.actions).toBe(Object.keys(COURSES).length * ROUNDS + 1);
    const before = await all();
    await readModel.rebuild('default');
    expect(await all()).toEqual(before);
    expect((await readModel.check('default', 0)).differences).toEqual([]);
  });

  it('names every column of a row that was changed, a row that was added, and one that is gone', async () => {
    const readModel = createReadModel(world.store);
    const [action = ''] = actions.get('two of a quorum') ?? [];
    const { rows: columns } = await client.query<{ name: string; type: string }>(
      `select column_name as name, data_type as type from information_schema.columns
       where table_name = 'action_fact' and column_name not in ('tenant', 'action')`,
    );
    const other: Record<string, string> = {
      text: `'mallory'`,
      bigint: '987654321',
      numeric: '0.01',
      boolean: 'not $2',
      'timestamp with time zone': `'2020-01-01T00:00:00Z'`,
      ARRAY: `array['user:mallory@acme.test']`,
    };
    for (const { name, type } of columns) {
      const value = (other[type] ?? 'no such type').replace('$2', name);
      const { rows } = await client.query(`select ${name} as was from action_fact where action = $1`, [action]);
      await client.query(`update action_fact set ${name} = ${value} where action = $1`, [action]);
      const { differences } = await readModel.check('default', 0);
      // So does the comparison of just a page's rows, for whoever still sees the row.
      expect(await readModel.compare('default', [action, 'act_none'], 'all'), name).toEqual({
        compared: [action],
        differences,
      });
      const column = name.replaceAll(/_(.)/g, (_all, letter: string) => letter.toUpperCase());
      expect(differences, name).toEqual([{ action, columns: [column], change: 'altered' }]);
      await client.query(`update action_fact set ${name} = $2 where action = $1`, [action, rows[0].was]);
    }
    await client.query('create temp table copy as select * from action_fact order by action limit 1');
    await client.query(`update copy set action = 'act_made_up', first_index = 99999999`);
    await client.query('insert into action_fact select * from copy');
    const inserted = [{ action: 'act_made_up', columns: [], change: 'inserted' }];
    expect((await readModel.check('default', 0)).differences).toEqual(inserted);
    expect((await readModel.compare('default', [action, 'act_made_up'], 'all')).differences).toEqual(inserted);
    const nobody = { requester: 'key:nobody', involved: 'user:nobody@acme.test', speaksFor: null };
    expect(await readModel.compare('default', [action], nobody)).toEqual({ compared: [], differences: [] });
    await client.query(`delete from action_fact where action = 'act_made_up' or action = $1`, [action]);
    expect((await readModel.check('default', 0)).differences).toEqual([{ action, columns: [], change: 'removed' }]);
    await readModel.rebuild('default');
    expect((await readModel.check('default', 0)).differences).toEqual([]);
  });
});

describe('the log', () => {
  const watch = () => {
    let now = Date.parse('2026-11-27T08:00:00.000Z');
    const logReader = createLogReader(world);
    const log = createLogWatch({ logReader, keys: world.keys, now: () => new Date((now += 60_000)) });
    // Each look reads one block, for the clock says that its time is over.
    return async () => {
      for (;;) {
        const state = await log.look('default');
        if (state.reading === null) return state;
      }
    };
  };
  const size = async (): Promise<number> => (await world.store.log.head('default'))?.size ?? 0;

  it('verifies from its first entry to its last, and goes on doing so', async () => {
    const look = watch();
    for (const _again of [1, 2])
      expect(await look()).toEqual({
        ...{ checked: { size: await size(), at: expect.any(String) }, reading: null },
        faults: [],
      });
  });

  const EMPTY = `convert_to('{}', 'UTF8')`;
  it.each([
    ['an entry', `update log_entry set envelope = ${EMPTY} where index = 3`, 'entry-altered', 3],
    [
      'the last entry and its hash',
      `update log_entry set envelope = ${EMPTY}, leaf_hash = sha256('\\x00'::bytea || ${EMPTY})
       where index = (select max(index) from log_entry)`,
      'root-wrong',
      null,
    ],
    [
      'the checkpoint',
      `update log_head set checkpoint = overlay(checkpoint placing '9' from strpos(checkpoint, E'\n') + 1 for 1)`,
      'checkpoint-invalid',
      null,
    ],
  ])(
    'does not verify once somebody wrote into %s, and does when it is put back',
    async (_what, written, code, index) => {
      const look = watch();
      expect((await look()).faults).toEqual([]);
      await client.query('create temp table entries as select * from log_entry');
      await client.query('create temp table heads as select * from log_head');
      await client.query(written);
      expect((await look()).faults).toContainEqual({ code, message: expect.any(String), index });
      await client.query(`update log_entry e set envelope = o.envelope, leaf_hash = o.leaf_hash from entries o
      where o.tenant = e.tenant and o.index = e.index`);
      await client.query('update log_head h set checkpoint = o.checkpoint from heads o where o.tenant = h.tenant');
      await client.query('drop table entries, heads');
      expect((await look()).faults).toEqual([]);
    },
  );
});
