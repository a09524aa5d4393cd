/**
 * What a judgement under a limit costs when much is held under its key: 100,000 reservations in the window against none, in turns, on
 * one database. `node --import tsx bench/limits/index.ts`
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { openTestDatabase } from '../../test/support/postgres.ts';

const RESERVATIONS = 100_000;
const WINDOW_MS = 24 * 3_600_000;
const TURNS = 300;

const world = await openTestDatabase();
const direct = new pg.Client({ connectionString: world.postgres.connectionString });
await direct.connect();

const query = (key: string) => ({ limit: 'payments.refund/daily', key: [key], windowMs: WINDOW_MS });
const slot = createHash('sha256')
  .update(JSON.stringify(['payments.refund/daily', 'full']))
  .digest();
const now = new Date();
await direct.query(
  `insert into limit_reservation (tenant, action, slot, limit_name, amount, at)
   select 'default', 'act_' || n, $1, 'payments.refund/daily', 0.01, $2::timestamptz - n * interval '860 milliseconds'
   from generate_series(1, $3) as n`,
  [slot, now.toISOString(), RESERVATIONS],
);
await direct.query('analyze');

/** Milliseconds of one decision that reserves. */
async function measure(key: string, turn: number): Promise<number> {
  const began = performance.now();
  const { committed } = await world.store.limits.decide(
    'default',
    `act_bench_${key}_${turn}`,
    [query(key)],
    new Date(),
    () => Promise.resolve({ reservations: [{ ...query(key), amount: '0.01', max: '100000000' }], value: {} }),
  );
  await committed;
  return performance.now() - began;
}

const times: Record<'empty' | 'full', number[]> = { empty: [], full: [] };
for (let turn = 0; turn < TURNS; turn++) {
  times.empty.push(await measure('empty', turn));
  times.full.push(await measure('full', turn));
}
const median = (of: number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? NaN;
const [empty, full] = [median(times.empty), median(times.full)];
console.log(
  `empty key: ${empty.toFixed(2)} ms, ${RESERVATIONS} reservations: ${full.toFixed(2)} ms, ratio ${(full / empty).toFixed(2)}`,
);
await direct.end();
await world.close();
