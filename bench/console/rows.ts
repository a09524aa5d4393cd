/** A read model of as many rows as asked for: copies of those that were sealed, all over the same year. Begun once, it is gone on with. */
import pg from 'pg';
import { addToDays } from '../../src/store/action-days.ts';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { openPostgres } from '../../src/store/postgres.ts';

/** Each stands among others: another id, and another time. */
const COPY = `
  insert into action_fact
  select (r).* from (
    select jsonb_populate_record(f, jsonb_build_object(
      'action', 'act_' || encode(sha256(convert_to(f.action || $1::text, 'UTF8')), 'hex'),
      'first_index', f.first_index + $1::bigint * 10000000, 'last_index', f.last_index + $1::bigint * 10000000,
      'asked_at', to_timestamp($2::float8 - mod(($2::float8 - extract(epoch from f.asked_at) + $1::int * 40037)::numeric, 31536000)),
      'resource', f.resource || '_' || $1)) as r
    from bench_sealed f) as copied`;
const WALK = 'action_fact_walk';
const SHAPE = 'bench_shape';
/** Rows that are added to their days at a time. */
const DAYS_OF = 20_000;

interface Index {
  name: string;
  made: string;
}

/** Does nothing where all of it is there. */
export async function fillRows(connectionString: string, tenant: string, rows: number): Promise<void> {
  const options = '-c synchronous_commit=off -c work_mem=64MB -c maintenance_work_mem=512MB';
  const client = new pg.Client({ connectionString, options });
  await client.connect();
  try {
    const indexes = await indexesOf(client, connectionString);
    const { count } = await one<{ count: number }>(client, 'select count(*)::int as count from action_fact');
    if ((await isBegun(client)) || count < rows || (await present(client)).length < indexes.length) {
      if (!(await isBegun(client))) {
        // Indexes are made anew afterwards: that takes a third of the time that adding to them would.
        for (const { name } of indexes) await client.query(`drop index if exists ${name}`);
        await client.query('create table bench_sealed as select * from action_fact');
      }
      await copyRows(client, rows);
      await finish(client, indexes);
      await client.query('drop table bench_sealed');
    }
    const { n } = await one<{ n: number }>(client, 'select coalesce(sum(n), 0)::int as n from action_day');
    if (n < rows) await fillDays(connectionString, tenant, client);
  } finally {
    await client.end();
  }
}

const one = async <T extends pg.QueryResultRow>(client: pg.Client, text: string): Promise<T> => {
  const [row] = (await client.query<T>(text)).rows;
  if (row === undefined) throw new Error('no row');
  return row;
};

const isBegun = async (client: pg.Client): Promise<boolean> =>
  (await one<{ begun: boolean }>(client, `select to_regclass('bench_sealed') is not null as begun`)).begun;

const present = async (client: pg.Client): Promise<Index[]> =>
  (
    await client.query<Index>(
      `select indexname as name, indexdef as made from pg_indexes where tablename = 'action_fact' and indexname not like '%_pkey'`,
    )
  ).rows;

/** As the migrations make them, whatever is left of them here. */
async function indexesOf(client: pg.Client, connectionString: string): Promise<Index[]> {
  await client.query(`drop database if exists ${SHAPE}`);
  await client.query(`create database ${SHAPE}`);
  const url = new URL(connectionString);
  url.pathname = `/${SHAPE}`;
  await migrateDatabase(url.href);
  const shape = new pg.Client({ connectionString: url.href });
  await shape.connect();
  const indexes = await present(shape);
  await shape.end();
  await client.query(`drop database ${SHAPE}`);
  return indexes;
}

async function copyRows(client: pg.Client, rows: number): Promise<void> {
  const { each, made, until } = await one<{ each: number; made: number; until: number }>(
    client,
    `select (select count(*)::int from bench_sealed) as each, (select count(*)::int from action_fact) as made,
      (select extract(epoch from max(asked_at))::float8 from bench_sealed) as until`,
  );
  for (let copy = Math.floor(made / each); copy < rows / each; copy += 1) await client.query(COPY, [copy, until]);
}

async function finish(client: pg.Client, indexes: readonly Index[]): Promise<void> {
  const there = new Set((await present(client)).map(({ name }) => name));
  const missing = indexes.filter(({ name }) => !there.has(name));
  const walk = missing.find(({ name }) => name === WALK);
  if (walk !== undefined) {
    // Rows lie in the order of time, as they are written when their actions are asked for.
    await client.query(walk.made);
    await client.query(`cluster action_fact using ${WALK}`);
  }
  for (const { made } of missing.filter((index) => index !== walk)) await client.query(made);
  await client.query('vacuum analyze action_fact');
}

async function fillDays(connectionString: string, tenant: string, client: pg.Client): Promise<void> {
  const { db, close } = openPostgres(connectionString, 1);
  try {
    await client.query('delete from action_day');
    for (let after = ''; ;) {
      const { rows } = await client.query<{ action: string }>(
        'select action from action_fact where tenant = $1 and action > $2 order by action limit $3',
        [tenant, after, DAYS_OF],
      );
      const actions = rows.map(({ action }) => action);
      if (actions.length === 0) break;
      await addToDays(db, tenant, actions, '');
      after = actions.at(-1) ?? '';
    }
    await client.query('vacuum analyze action_day');
  } finally {
    await close();
  }
}
