/** Records that are written beside the start of their action, and sealed by its acknowledgment alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSequencer, type AppendPath, type Sequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import type { Alongside, LimitQuery } from '../../src/store/index.ts';
import { checkLog } from '../support/check-log.ts';
import { eventually } from '../support/eventually.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { anyPayload, stageRecord } from '../support/records.ts';

const HOLDER = fileURLToPath(new URL('holder.ts', import.meta.url));
/** Inside the tree, so that what it imports of packages is found. */
const BUILT = fileURLToPath(new URL(`../../node_modules/.cache/holder-${process.pid}.mjs`, import.meta.url));

let world: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  world = await openTestDatabase();
  client = new pg.Client({ connectionString: world.postgres.connectionString });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await world.close();
  rmSync(BUILT, { force: true });
});

const stage = (action: string): Promise<StagedRecord> =>
  stageRecord(world.keys.forTenant('default').record, { action });

interface Writer extends Sequencer {
  paths: AppendPath[];
}

let writers = 0;
/** One that has found itself alone. It waits long enough for a busy machine, and less than PostgreSQL does. */
async function alone(holdMs = 2000): Promise<Writer> {
  const paths: AppendPath[] = [];
  const { store, keys } = world;
  const sequencer = createSequencer({ store, keys, holdMs, onAppend: (path) => paths.push(path) });
  writers += 1;
  for (let n = 0; n < 10; n += 1) await sequencer.append('default', [await stage(`act_alone_${writers}_${n}`)]);
  expect(paths.at(-1)).toBe('ahead');
  paths.length = 0;
  return { ...sequencer, paths };
}

const payloadOf = (action: string): Alongside => {
  const { alongside } = world.store.payloads.draft('default', action, anyPayload({ of: action }));
  if (alongside === undefined) throw new Error('this store has nothing to write alongside');
  return alongside;
};

/** What an action takes of the limit `ten`, as it is counted now. */
async function takes(action: string, amount: string): Promise<Alongside> {
  const query: LimitQuery = { limit: 'p/ten', key: ['all'], windowMs: 3_600_000 };
  const glance = await world.store.limits.glance('default', action, [query], new Date());
  if (glance === null) throw new Error('somebody else counts');
  glance.end();
  return glance.alongside({ reservations: [{ ...query, amount, max: '10' }], value: {} });
}

/** Rows of an action: its payload, its decision, what it took, its records. */
async function rows(action: string): Promise<number[]> {
  const found: number[] = [];
  for (const table of ['action_payload', 'limit_decision', 'limit_reservation', 'log_entry'])
    found.push((await client.query(`select from ${table} where action = $1`, [action])).rowCount ?? 0);
  return found;
}

/** The process of PostgreSQL whose transaction waits for its end. */
const holding = (): Promise<number> =>
  eventually('a transaction is held', async () => {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
    );
    return rows[0]?.pid;
  });

function later(): { until: Promise<void>; resolve(): void; reject(error: Error): void } {
  let ends: { resolve(): void; reject(error: Error): void } | undefined;
  const until = new Promise<void>((resolve, reject) => (ends = { resolve, reject }));
  until.catch(() => undefined);
  if (ends === undefined) throw new Error('a promise runs at once');
  return { until, ...ends };
}

it('is there with all that belongs to it once it may be, and nothing of it before', async () => {
  const writer = await alone();
  const { until, resolve } = later();
  const record = await stage('act_held');
  const alongside = [await takes('act_held', '2'), payloadOf('act_held')];
  const held = writer.hold('default', [record], { alongside, until });
  await holding();
  expect(await rows('act_held')).toEqual([0, 0, 0, 0]);
  resolve();
  expect(await held).toMatchObject([{ recordHash: record.recordHash, existing: false }]);
  expect(await rows('act_held')).toEqual([1, 1, 1, 1]);
  expect(await writer.append('default', [record])).toMatchObject([{ existing: true }]);
  expect(writer.paths).toEqual(['beside', 'moved']);
  await checkLog(world);
});

it('leaves nothing of what was not started, and the writer is still ahead', async () => {
  const writer = await alone();
  const { until, reject } = later();
  const alongside = [await takes('act_unstarted', '2'), payloadOf('act_unstarted')];
  const held = writer.hold('default', [await stage('act_unstarted')], { alongside, until });
  await holding();
  reject(new Error('another process started it'));
  expect(await held).toBeNull();
  expect(await rows('act_unstarted')).toEqual([0, 0, 0, 0]);
  await writer.append('default', [await stage('act_after_unstarted')]);
  expect(writer.paths).toEqual(['ahead']);
});

it('keeps nobody waiting for long, and is not tried again for a while', async () => {
  const writer = await alone(50);
  const { until } = later();
  const record = await stage('act_late');
  const held = writer.hold('default', [record], { alongside: [payloadOf('act_late')], until });
  const began = performance.now();
  const mine = writer.append('default', [await stage('act_behind_late')]);
  const others = createSequencer({ store: await world.open(), keys: world.keys });
  const foreign = others.append('default', [await stage('act_of_another_process')]);
  expect(await held).toBeNull();
  expect(await mine).toMatchObject([{ existing: false }]);
  expect(await foreign).toMatchObject([{ existing: false }]);
  // Of a busy machine: it would be two and a half seconds, were it not given up.
  expect(performance.now() - began).toBeLessThan(2000);
  expect(await rows('act_late')).toEqual([0, 0, 0, 0]);
  expect(await writer.append('default', [record])).toMatchObject([{ existing: false }]);
  const skipped = await alone(50);
  const slow = skipped.hold('default', [await stage('act_slow')], { alongside: [], until });
  expect(await slow).toBeNull();
  const told = Promise.resolve();
  const next = await skipped.hold('default', [await stage('act_next')], { alongside: [], until: told });
  expect(next).toBeNull();
  await checkLog(world);
});

it('is not held where what it rests on has changed, or is there already', async () => {
  const writer = await alone();
  const told = { until: Promise.resolve() };
  const counted = await takes('act_counted', '2');
  const other = await takes('act_faster', '2');
  const faster = await writer.hold('default', [await stage('act_faster')], { ...told, alongside: [other] });
  expect(faster).toHaveLength(1);
  const record = await stage('act_counted');
  const alongside = [counted, payloadOf('act_counted')];
  expect(await writer.hold('default', [record], { ...told, alongside })).toBeNull();
  expect(await rows('act_counted')).toEqual([0, 0, 0, 0]);
  const again = await alone();
  await world.store.payloads.create('default', 'act_stored', anyPayload({}));
  const stored = { ...told, alongside: [payloadOf('act_stored')] };
  expect(await again.hold('default', [await stage('act_stored')], stored)).toBeNull();
  expect(await rows('act_stored')).toEqual([1, 0, 0, 0]);
});

it('is not held by a writer that is not alone', async () => {
  const { store, keys } = world;
  const begins = createSequencer({ store, keys });
  const told = { alongside: [], until: Promise.resolve() };
  expect(await begins.hold('default', [await stage('act_begins')], told)).toBeNull();
  const writer = await alone();
  const running = writer.append('default', [await stage('act_running')]);
  expect(await writer.hold('default', [await stage('act_beside_running')], told)).toBeNull();
  await running;
  // Somebody else's was faster.
  await begins.append('default', [await stage('act_of_the_other')]);
  expect(await writer.hold('default', [await stage('act_moved')], told)).toBeNull();
  const moved = await stage('act_moved');
  expect(await writer.append('default', [moved])).toMatchObject([{ existing: false }]);
});

it.each(['before it may be sealed', 'as it is sealed'])(
  'is sealed all the same where its connection is lost %s',
  async (when) => {
    const action = `act_cut_${when.length}`;
    const writer = await alone();
    const { until, resolve } = later();
    const record = await stage(action);
    const held = writer.hold('default', [record], { alongside: [payloadOf(action)], until });
    const pid = await holding();
    if (when.startsWith('before')) await client.query('select pg_terminate_backend($1)', [pid]);
    resolve();
    if (when.startsWith('as')) await client.query('select pg_terminate_backend($1)', [pid]);
    const sealed = await held;
    const again = await writer.append('default', [record]);
    // It was committed, or it was not: either way it is there once.
    expect(again).toHaveLength(1);
    if (sealed !== null) expect(again).toMatchObject([{ existing: true }]);
    expect((await rows(action)).at(-1)).toBe(1);
    await checkLog(world);
  },
);

it.each(['that dies', 'that stands still'])('is gone with a process %s, and the others go on', async (how) => {
  await build({
    entryPoints: [HOLDER],
    outfile: BUILT,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  const child = spawn(process.execPath, [BUILT, world.dataDir, world.postgres.connectionString], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const closed = once(child, 'close');
  await holding();
  if (how === 'that dies') child.kill('SIGKILL');
  const survivor = await stage(`act_survivor_${how.length}`);
  expect(await createSequencer(world).append('default', [survivor])).toMatchObject([{ existing: false }]);
  expect(await rows('act_doomed')).toEqual([0, 0, 0, 0]);
  child.kill('SIGKILL');
  await closed;
  await checkLog(world);
});
