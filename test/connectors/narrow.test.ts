import { describe, expect, it } from 'vitest';
import { narrow } from '../../src/connectors/sql/narrow.ts';
import { STATEMENTS } from '../../src/connectors/settings.ts';

const settings = { functions: ['public.net_price'], statements: [...STATEMENTS] };

describe('refused before any database sees it', () => {
  it.each([
    '',
    ';',
    '-- nothing',
    'select 1; delete from orders',
    'select 1; select 2',
    'delete from orders; commit',
    'commit',
    'rollback',
    'begin',
    'savepoint a',
    'end',
    'set transaction read write',
    'set role owner',
    'reset role',
    'set session authorization owner',
    'set statement_timeout = 0',
    'set constraints all deferred',
    'show all',
    'truncate orders',
    "copy orders to '/tmp/x'",
    "copy orders to program 'id'",
    'copy orders from stdin',
    'copy (delete from orders returning *) to stdout',
    'do $$ begin delete from orders; end $$',
    'call sneaky()',
    'create table x (a int)',
    'create temp table x as select 1',
    'create function f() returns int language sql as $$ select 1 $$',
    'drop table orders',
    'alter table orders disable trigger all',
    'grant all on orders to public',
    'vacuum',
    'analyze',
    'cluster',
    'reindex table orders',
    'lock table orders',
    "notify x, 'y'",
    'listen x',
    'explain analyze delete from orders',
    'explain select 1',
    'prepare p as delete from orders',
    'execute p',
    'deallocate p',
    'declare c cursor for select 1',
    'fetch all from c',
    'refresh materialized view v',
    'checkpoint',
    "load 'x'",
    'discard all',
    'security label on table orders is null',
    'import foreign schema s from server t into u',
    "comment on table orders is 'x'",
    'select 1 into x',
    'select * into temp x from orders',
    'select * from orders for update',
    'select * from orders for share of orders nowait',
    'with a as (select * from orders for update) select * from a',
    'select sneaky()',
    'select public.sneaky()',
    'select * from sneaky()',
    'update orders set total = sneaky()',
    "select dblink('host=x', 'delete from orders')",
    "select * from dblink('x', 'select 1') as t(a int)",
    "select pg_read_file('/etc/passwd')",
    'select pg_ls_dir($1)',
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/x')",
    'select pg_sleep(100)',
    "select set_config('role', 'owner', false)",
    "select current_setting('data_directory')",
    'select pg_advisory_lock(1)',
    'select pg_terminate_backend(1)',
    "select pg_notify('a', 'b')",
    "select nextval('s')",
    "select query_to_xml('delete from orders', true, true, '')",
    "select pg_catalog.pg_read_file('x')",
    'select repeat(customer, 1000000000) from orders',
    'select generate_series(1, 1000000000)',
    'select 1 operator(public.+) 2',
    'select * from pg_authid',
    'select * from pg_catalog.pg_shadow',
    'select * from information_schema.tables',
    'delete from pg_class',
    'update pg_catalog.pg_class set relname = $1',
    'select * from other.public.orders',
    "select xmlparse(document '<a/>')",
    "select * from xmltable('/a' passing '<a/>' columns b text)",
    'table orders; table orders',
    'values (1) ; values (2)',
    'select ((((',
    'DELETE FROM ORDERS -- \n ; DROP TABLE orders',
    '/* select */ drop table orders',
    'sel/**/ect 1',
    `select '${'x'.repeat(20_000)}'`,
    'selеct 1',
  ])('%s', async (sql) => {
    expect(await narrow(sql, settings)).toEqual({ fault: expect.any(String) });
  });

  it('what its connector does not do', async () => {
    const reading = { functions: [], statements: ['select' as const] };
    expect(await narrow('with d as (delete from orders returning *) select * from d', reading)).toHaveProperty('fault');
    expect(await narrow('update orders set total = 1', reading)).toHaveProperty('fault');
    expect(await narrow('select total from orders', reading)).toEqual({ kind: 'select', writes: [], parameters: 0 });
  });

  it('says nothing of the statement', async () => {
    const told = await narrow("select pg_read_file('planted')", settings);
    expect(JSON.stringify(told)).not.toMatch(/planted|pg_read_file/);
  });
});

describe('what it is, with every change that stands in it', () => {
  it.each<[string, string, string[], number]>([
    ['select 1', 'select', [], 0],
    ['select 1;', 'select', [], 0],
    ['table orders', 'select', [], 0],
    ['values (1), (2)', 'select', [], 0],
    ['select o.*, count(*) over (partition by customer) from orders o where id = $1', 'select', [], 1],
    ["select lower(customer), date_trunc('day', now()), extract(year from now()) from orders", 'select', [], 0],
    ['select public.net_price(total) from orders', 'select', [], 0],
    ['insert into orders (id, customer) values ($1, $2) returning id', 'insert', ['insert'], 2],
    ['insert into orders values (1) on conflict do nothing', 'insert', ['insert'], 0],
    ['insert into o values (1) on conflict (id) do update set a = 1', 'insert', ['insert', 'update'], 0],
    ['update orders set (status, total) = ($1, $2) where id = $3', 'update', ['update'], 3],
    ['delete from orders where id = any($1)', 'delete', ['delete'], 1],
    ['with d as (delete from orders returning *) select count(*) from d', 'select', ['delete'], 0],
    [
      'with d as (update orders set total = 1 returning *) insert into lines select 1',
      'insert',
      ['insert', 'update'],
      0,
    ],
    ['select * from orders where id in (with d as (select 1) select * from d)', 'select', [], 0],
    ['merge into t using s on t.id = s.id when matched then delete', 'merge', ['delete', 'merge'], 0],
    [
      'merge into t using s on t.id = s.id when matched then update set a = 1 when not matched then insert values (1)',
      'merge',
      ['insert', 'merge', 'update'],
      0,
    ],
    ["select 'delete from orders; drop table x'", 'select', [], 0],
    ['select 1 -- delete from orders', 'select', [], 0],
  ])('%s', async (sql, kind, writes, parameters) => {
    expect(await narrow(sql, settings)).toEqual({ kind, writes, parameters });
  });
});
