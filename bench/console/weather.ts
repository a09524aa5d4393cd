/**
 * Rows that lie as a year of use leaves them. Copies are written once and in the order of time, under indexes that are made afterwards, so they lie closer
 * together than rows ever do that are sealed: of those, each that waits for a person is written anew as its action goes on, to another place and with new
 * entries in every index. PostgreSQL also reads an index alone only where nothing has changed since it vacuumed, so the newest rows, at which most searches
 * look, are the dearest. To seal a million takes 85 minutes. This changes copies as the projector would have.
 */
import pg from 'pg';

/** Actions that are open at once, in the order of time. They go on in no order. */
const OPEN = 20_000;
/** Of these, actions whose records come together: about those of a page of the log. */
const TURNS = 40;
/** PostgreSQL's own, where the table has none. */
const SCALE_FACTOR = 0.2;
/** Versions that an action leaves behind: as it was copied, and as it waited. */
const LEFT = 2;

/** People were asked. The read model follows the log in pages, so that most of what a rule decides is written once, as it ends. */
const WAITED = 'expires_at is not null';

/** A row while its action waits. */
const WAIT = `
  update action_fact f set status = 'supervised', last_index = f.first_index, decided_at = null, released_at = null, redeemed_at = null,
    ended_at = null, release_basis = null, approver = null, via = null, delegated_from = null, wait_ms = null, amount_approved = null,
    amount_released = null, amount_executed = null, reference = null, awaited = f.involved
  from bench_course c where c.turn = $1 and f.tenant = c.tenant and f.action = c.action`;
/** The same row as it was. */
const END = `
  update action_fact f set status = c.status, last_index = c.last_index, decided_at = c.decided_at, released_at = c.released_at,
    redeemed_at = c.redeemed_at, ended_at = c.ended_at, release_basis = c.release_basis, approver = c.approver, via = c.via,
    delegated_from = c.delegated_from, wait_ms = c.wait_ms, amount_approved = c.amount_approved, amount_released = c.amount_released,
    amount_executed = c.amount_executed, reference = c.reference, awaited = c.awaited
  from bench_course c where c.turn = $1 and f.tenant = c.tenant and f.action = c.action`;

/** How a table lies. */
export interface Lying {
  tableMiB: number;
  indexesMiB: number;
  /** Of the table's order with that of time: 1 where they are the same. */
  correlation: number;
}

/** Weathers all rows once; then, at each call, the newest again, as many as PostgreSQL lets wait for its next vacuum. */
export async function weather(connectionString: string): Promise<void> {
  const options = '-c synchronous_commit=off -c maintenance_work_mem=512MB';
  const client = new pg.Client({ connectionString, options });
  await client.connect();
  try {
    // A course that is there was interrupted: its rows are not yet what they were.
    if (!(await exists(client, 'bench_course')) && !(await exists(client, 'bench_weathered')))
      await planCourse(client, '');
    if (await exists(client, 'bench_course')) await follow(client);
    await client.query('create table if not exists bench_weathered ()');
    await client.query('vacuum analyze action_fact');
    const newest = Math.floor((0.9 * (await vacuumedAfter(client))) / LEFT);
    await planCourse(client, `order by asked_at desc, first_index desc limit ${newest}`);
    await follow(client);
  } finally {
    await client.end();
  }
}

/** Who goes on in which turn. @param which of all that waited */
async function planCourse(client: pg.Client, which: string): Promise<void> {
  await client.query(`create table bench_course as
    select *, ((row_number() over (order by asked_at, first_index) - 1) / ${OPEN} * ${TURNS}
      + abs(hashtext(action)) % ${TURNS})::int as turn
    from (select * from action_fact where ${WAITED} ${which}) as course order by asked_at, first_index`);
  await client.query('create index on bench_course (turn)');
  await client.query('analyze bench_course');
}

/** Changes rows and changes them back. It is vacuumed as often as PostgreSQL would by its defaults: more often, less would come apart. */
async function follow(client: pg.Client): Promise<void> {
  const rows = await number(client, 'select count(*)::int as n from action_fact');
  const turns = await number(client, 'select coalesce(max(turn) + 1, 0)::int as n from bench_course');
  let left = 0;
  for (let first = 0; first < turns; first += TURNS) {
    for (const step of [WAIT, END])
      for (let turn = first; turn < first + TURNS; turn += 1) left += (await client.query(step, [turn])).rowCount ?? 0;
    if (left < SCALE_FACTOR * rows) continue;
    await client.query('vacuum analyze action_fact');
    left = 0;
  }
  await client.query('drop table bench_course');
}

/** Versions left behind after which PostgreSQL vacuums the table by itself. */
async function vacuumedAfter(client: pg.Client): Promise<number> {
  const option = (name: string): string =>
    `(select option_value::float8 from pg_options_to_table(reloptions) where option_name = '${name}')`;
  return number(
    client,
    `select coalesce(${option('autovacuum_vacuum_threshold')}, 50) +
      coalesce(${option('autovacuum_vacuum_scale_factor')}, ${SCALE_FACTOR}) * reltuples as n
    from pg_class where oid = 'action_fact'::regclass`,
  );
}

/** How loosely the rows lie. */
export async function lying(connectionString: string): Promise<Lying> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Lying>(`
      select pg_relation_size(oid) / 1048576.0::float8 as "tableMiB", pg_indexes_size(oid) / 1048576.0::float8 as "indexesMiB",
        (select correlation::float8 from pg_stats where tablename = 'action_fact' and attname = 'asked_at') as correlation
      from pg_class where oid = 'action_fact'::regclass`);
    const [row] = rows;
    if (row === undefined) throw new Error('no row');
    return row;
  } finally {
    await client.end();
  }
}

async function number(client: pg.Client, text: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(text);
  return rows[0]?.n ?? 0;
}

const exists = async (client: pg.Client, table: string): Promise<boolean> =>
  (await number(client, `select count(to_regclass('${table}'))::int as n`)) > 0;
