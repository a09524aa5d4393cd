import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectorsSchema, createConnectors, createSecrets } from '../../src/connectors/index.ts';
import type { ActionRequest, ExecutionFact } from '../../src/contract/index.ts';
import type { Connector, ConnectorAnswer, Connectors } from '../../src/engine/connectors.ts';
import { execute } from '../../src/engine/execute.ts';
import type { NotifyDeps } from '../../src/notify/deps.ts';
import { openConnectorWorld, PASSWORD, sqlRequest, type ConnectorWorld } from '../support/connector-world.ts';

let world: ConnectorWorld;
let deps: NotifyDeps;

/** Generous: a machine that stands still is no reason to time out. */
const TIMEOUTS = { connect: 5, statement: 5, lock: 5, idle: 10 };

function connectors(address = world.owners.agent, more: object = {}): Connectors {
  const { connectors: settings } = connectorsSchema.parse({
    connectors: [
      {
        ...{ name: 'orders-db', type: 'sql', surfaces: ['db.orders'], database: 'env:DB' },
        ...{ functions: ['sneaky'], timeouts: TIMEOUTS, ...more },
      },
    ],
  });
  return createConnectors(settings, createSecrets({ DB: address }));
}

function connector(address?: string, more?: object): Connector {
  const found = connectors(address, more).find('default', sqlRequest('select 1'));
  if (found === null) throw new Error('the connector is not there');
  return found;
}

beforeAll(async () => {
  world = await openConnectorWorld();
  deps = world.deps(connectors());
});
afterAll(() => world.close());

async function measured(sql: string, values: (string | number)[] = []): Promise<ExecutionFact> {
  const answer = await connector().measure(sqlRequest(sql, values));
  if ('fault' in answer) throw new Error(answer.fault);
  return answer.fact;
}

/** As the engine does it, with nothing noted before. */
async function executed(request: ActionRequest, fact: ExecutionFact): Promise<ConnectorAnswer> {
  const note = (): Promise<void> => Promise.resolve();
  return connector().execute({ request, fact, key: 'act_x', attempt: 1, before: null, note });
}

const ordersNow = (): Promise<Record<string, unknown>[]> =>
  world.owners.query(`select (select count(*)::int from orders) as orders, (select count(*)::int from lines) as lines,
    (select count(*)::int from orders where status <> 'open') as changed, (select count(*)::int from audit) as audit`);

describe('rows are counted where they change, whoever changes them', () => {
  it.each<[string, string, (string | number)[], Partial<ExecutionFact>]>([
    [
      'an update',
      'update orders set status = $1 where id <= $2',
      ['paid', 14],
      { statement: 'update', updated: 14, rows: 14 },
    ],
    ['nothing', 'update orders set status = $1 where id < 0', ['paid'], { updated: 0, rows: 0, tables: [] }],
    ['a cascade', 'delete from orders where id <= 10', [], { statement: 'delete', deleted: 50, rows: 50 }],
    [
      'an update that cascades',
      'update orders set id = id + 1000 where id = $1',
      [7],
      {
        updated: 5,
        tables: [
          { table: 'public.lines', inserted: 0, updated: 4, deleted: 0 },
          { table: 'public.orders', inserted: 0, updated: 1, deleted: 0 },
        ],
      },
    ],
    [
      'a CTE in a read',
      'with d as (delete from lines where id <= 30 returning *) select 1 from d where false',
      [],
      { statement: 'select', writes: ['delete'], deleted: 30 },
    ],
    ['a trigger', "update orders set status = 'noted' where id <= 5", [], { updated: 5, inserted: 10, rows: 15 }],
    [
      'a trigger that is put off to the end',
      "update orders set status = 'late' where id <= 2",
      [],
      { updated: 2, deleted: 8 },
    ],
    ['a function', "insert into lines select 1000 + sneaky(), 1, 'x'", [], { inserted: 1, updated: 60 }],
    ['a view', 'delete from names where id = $1', [3], { deleted: 5 }],
    [
      'an upsert',
      "insert into orders (id, customer) values (1, 'a'), (999, 'b') on conflict (id) do update set customer = 'c'",
      [],
      { writes: ['insert', 'update'], inserted: 1, updated: 1 },
    ],
    [
      'a merge',
      "merge into orders o using (values (1), (2), (888)) v(id) on o.id = v.id when matched then update set total = 0 when not matched then insert (id, customer) values (v.id, 'n')",
      [],
      { statement: 'merge', inserted: 1, updated: 2 },
    ],
    ['a returning insert', "insert into lines values (5000, 1, 'a'), (5001, 1, 'b') returning id", [], { inserted: 2 }],
  ])('%s', async (_what, sql, values, want) => {
    const before = await ordersNow();
    expect(await measured(sql, values)).toMatchObject(want);
    expect(await ordersNow()).toEqual(before);
  });

  it('reading counts nothing, and is not tried out', async () => {
    expect(await measured('select * from orders')).toMatchObject({ statement: 'select', writes: [], rows: 0 });
  });
});

describe('refused in the database, where the text alone is harmless', () => {
  it.each<[string, string, unknown[]]>([
    ['a table that is not the role’s', 'update secrets set id = 2', []],
    ['a function that reading calls', 'select sneaky()', []],
    ['a table that is not there', 'update nowhere set a = 1', []],
    ['too few values', 'update orders set status = $1 where id = $2', ['x']],
    ['too many values', 'update orders set status = $1', ['x', 1]],
    ['a value that is no scalar', 'update orders set status = $1', [{ a: 1 }]],
    ['a fault of a row', 'insert into orders values (1)', []],
  ])('%s', async (_what, sql, values) => {
    const before = await ordersNow();
    const request = sqlRequest(sql, values as string[]);
    const answer = await connector().measure(request);
    // Reading is not tried out before: it fails when it is executed, in a transaction that may only read.
    if ('fact' in answer) expect(await executed(request, answer.fact)).toMatchObject({ status: 'failed' });
    else expect(answer.fault).not.toContain(PASSWORD);
    expect(await ordersNow()).toEqual(before);
  });

  it('a role that may do more than change rows', async () => {
    const answer = await connector(world.owners.owner).measure(sqlRequest('update orders set total = 1'));
    expect(answer).toEqual({ fault: expect.stringContaining('the role of the connector may do more') });
  });

  it.each([
    'grant truncate on orders to orders_agent',
    'grant pg_execute_server_program to orders_agent',
    'alter role orders_agent createrole',
  ])('after %s', async (grant) => {
    const undo = grant.startsWith('alter')
      ? 'alter role orders_agent nocreaterole'
      : grant.replace('grant', 'revoke').replace(' to ', ' from ');
    await world.owners.query(grant);
    try {
      expect(await connector().measure(sqlRequest('update orders set total = 1'))).toHaveProperty('fault');
    } finally {
      await world.owners.query(undo);
    }
  });

  it('a wrong password, without a word of it', async () => {
    const wrong = new URL(world.owners.agent);
    wrong.password = 'planted-and-wrong';
    const answer = await connector(wrong.href).measure(sqlRequest('update orders set total = 1'));
    expect(answer).toEqual({ fault: 'the statement could not be tried out: the database refuses it (28P01)' });
  });
});

describe('what is executed stays within what was judged', () => {
  it('gives the rows that were read, bounded', async () => {
    const request = sqlRequest('select id, status, total from orders order by id');
    const fact = await measured('select id, status, total from orders order by id');
    const answer = await executed(request, fact);
    expect(answer).toMatchObject({ status: 'executed', result: { count: 60, truncated: false } });
    const few = connector(undefined, { rows: 3 });
    const { fact: own } = (await few.measure(request)) as { fact: ExecutionFact };
    const note = (): Promise<void> => Promise.resolve();
    expect(await few.execute({ request, fact: own, key: 'a', attempt: 1, before: null, note })).toMatchObject({
      result: { count: 3, truncated: true, rows: [{ id: 1, status: 'open', total: '1' }, { id: 2 }, { id: 3 }] },
    });
  });

  it('rolls back what changes more rows than were judged, by table and kind', async () => {
    const request = sqlRequest("update orders set status = 'due' where customer = $1", ['c1']);
    const fact = await measured("update orders set status = 'due' where customer = $1", ['c1']);
    await world.owners.query("insert into orders (id, customer) values (500, 'c1')");
    const before = await ordersNow();
    expect(await executed(request, fact)).toMatchObject({
      status: 'failed',
      reference: 'rolled back',
      detail: expect.stringContaining(
        `public.orders would change than were judged (public.orders: ${(fact.updated ?? 0) + 1} updated)`,
      ),
    });
    expect(await ordersNow()).toEqual(before);
    // Another kind of change is more as well, be it only one row.
    await world.owners.query('delete from orders where id = 500');
    const none = {
      ...fact,
      updated: 0,
      inserted: 60,
      tables: [{ table: 'public.orders', inserted: 60, updated: 0, deleted: 0 }],
    };
    expect(await executed(request, none)).toMatchObject({ status: 'failed', reference: 'rolled back' });
  });

  it('refuses another statement, or other settings, than were judged', async () => {
    const fact = await measured('update orders set total = 1 where id = 1');
    expect(await executed(sqlRequest('delete from lines where id = 1'), fact)).toMatchObject({ status: 'failed' });
    const other = { ...fact, settings: `sha256:${'1'.repeat(64)}` };
    expect(await executed(sqlRequest('update orders set total = 1 where id = 1'), other)).toMatchObject({
      status: 'failed',
    });
  });
});

describe('reading is free, changing more than ten rows asks, deleting is blocked: by construction', () => {
  it.each<[string, string, string]>([
    ['select count(*) from orders', 'released', 'read'],
    ["update orders set status = 'open' where id <= 10", 'released', 'few-rows'],
    ["update orders set status = 'open' where id <= 11", 'supervised', 'many-rows'],
    ['delete from lines where id = 240', 'refused', 'delete'],
    ['delete from lines where id < 0', 'refused', 'delete'],
    ['with d as (delete from lines where id = 239 returning *) select * from d', 'refused', 'delete'],
    ["update orders set status = 'late' where id = 60", 'refused', 'delete'],
    ["insert into lines select 2000 + sneaky(), 1, 'x'", 'supervised', 'many-rows'],
    ['merge into orders o using (values (1)) v(id) on o.id = v.id when matched then delete', 'refused', 'delete'],
  ])('%s is %s by %s', async (sql, status, rule) => {
    const before = await ordersNow();
    const action = await world.ask(sqlRequest(sql), deps);
    expect(action).toMatchObject({ status, permit: null, verdict: { rule } });
    expect(await ordersNow()).toEqual(before);
  });

  it.each([
    'truncate orders',
    'commit',
    'select 1; delete from orders',
    "copy orders to program 'id'",
    'do $$ begin end $$',
  ])('%s is refused, with proof', async (sql) => {
    const action = await world.ask(sqlRequest(sql), deps);
    expect(action).toMatchObject({ status: 'refused', verdict: { basis: 'error' } });
    expect(await world.records(action.id)).toEqual(['verdict']);
  });

  it('executes once what is released, and nothing else', async () => {
    const { id } = await world.ask(
      sqlRequest('update orders set total = total + 100 where id = $1 returning total', [20]),
      deps,
    );
    // As a stranger would who schedules the activity again and again.
    await Promise.allSettled(Array.from({ length: 8 }, () => execute(deps, { action: { tenant: 'default', id } })));
    await execute(deps, { action: { tenant: 'default', id } });
    expect(await world.owners.query('select total::int from orders where id = 20')).toEqual([{ total: 120 }]);
    expect(await world.status(id)).toBe('executed');
    expect(await world.records(id)).toEqual(['verdict', 'release', 'redemption', 'outcome']);
    const payload = await world.parts.store.payloads.read('default', id);
    expect(payload?.payload.result).toEqual({ rows: [{ total: '120' }], count: 1, truncated: false });

    const parked = await world.ask(sqlRequest("update orders set status = 'gone'"), deps);
    const refused = await world.ask(sqlRequest('delete from lines'), deps);
    const before = await ordersNow();
    for (const action of [parked, refused, { id: `act_${'0'.repeat(64)}` }]) {
      await execute(deps, { action: { tenant: 'default', id: action.id } });
    }
    expect(await ordersNow()).toEqual(before);
    expect(await world.records(parked.id)).toEqual(['verdict']);
  });
});
