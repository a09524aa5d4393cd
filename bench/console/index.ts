/**
 * What a page of the console waits for with a million actions: a history is sealed by `scripts/seed`, its rows of the read model are copied
 * to as many as asked for, and each of sixty looks is taken as `GET /v1/actions` and `GET /v1/actions/facets` take it, first after a restart.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { fill } from '../../scripts/seed/seed.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts } from '../../src/main/parts.ts';
import { openEmbeddedPostgres, type Store } from '../../src/store/index.ts';
import { looks, type Look } from './filters.ts';

const TENANT = 'default';
const SEALED = 2000;
const PAGE = 50;
const COUNTED = 10_000;
const WARM = 3;
const BOUND_MS = 200;

/** Copies of every row within the same year: other ids, and times a little later, so that they lie among the others. */
const COPY = `
  insert into action_fact
  select (r).* from (
    select jsonb_populate_record(f, jsonb_build_object(
      'action', 'act_' || encode(sha256(convert_to(f.action || $1::text, 'UTF8')), 'hex'),
      'first_index', f.first_index + $1::bigint * 10000000, 'last_index', f.last_index + $1::bigint * 10000000,
      'asked_at', f.asked_at + $1::int * interval '137 seconds',
      'resource', f.resource || '_' || $1)) as r
    from action_fact f where f.tenant = 'default' and f.first_index < 10000000) as copied`;

interface Timed {
  name: string;
  cold: number;
  warm: number;
}

/** @param rows of the read model */
export async function consoleBench(rows = 1_000_000): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-console-'));
  const policies = fileURLToPath(new URL('../../scripts/seed/policies', import.meta.url));
  const config = loadConfig({ COUNTERSIGN_DATA: folder, COUNTERSIGN_POLICIES: policies });
  const until = Date.now();
  let postgres = await openEmbeddedPostgres({ dataDir: folder });
  const open = () => openParts(config, postgres.connectionString, createLogger('warn'));
  let parts = await open();
  try {
    await fill(parts, postgres.connectionString, { actions: SEALED, seed: 1, days: 365, clean: false, until });
    await parts.readModel.catchUp(TENANT);
    await copyRows(postgres.connectionString, rows);
    // Cold: nothing of it is in the server's memory or in this process's.
    await parts.close();
    await postgres.stop();
    postgres = await openEmbeddedPostgres({ dataDir: folder });
    parts = await open();
    const timed: Timed[] = [];
    for (const look of looks(until)) timed.push(await take(parts.store, look));
    return show(timed, rows);
  } finally {
    await parts.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function copyRows(connectionString: string, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString, options: '-c synchronous_commit=off -c work_mem=64MB' });
  await client.connect();
  try {
    const { rows: found } = await client.query<{ count: number }>('select count(*)::int as count from action_fact');
    const each = found[0]?.count ?? 1;
    for (let copy = 1; copy < rows / each; copy += 1) await client.query(COPY, [copy]);
    await client.query('vacuum analyze action_fact');
  } finally {
    await client.end();
  }
}

async function take({ facts }: Pick<Store, 'facts'>, { name, filter, sort = '-askedAt' }: Look): Promise<Timed> {
  const once = async (): Promise<number> => {
    const began = performance.now();
    await Promise.all([
      facts.search(TENANT, { filter, scope: 'all', sort, cursor: undefined, limit: PAGE }),
      facts.count(TENANT, filter, 'all', COUNTED + 1),
      facts.facets(TENANT, filter, 'all', COUNTED),
    ]);
    return performance.now() - began;
  };
  const cold = await once();
  let warm = Infinity;
  for (let n = 0; n < WARM; n += 1) warm = Math.min(warm, await once());
  return { name, cold, warm };
}

function show(timed: readonly Timed[], rows: number): boolean {
  const at = (part: number, of: 'cold' | 'warm'): number => {
    const sorted = timed.map((one) => one[of]).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  };
  for (const { name, cold, warm } of timed.toSorted((a, b) => b.cold - a.cold).slice(0, 15))
    console.log(`${cold.toFixed(0).padStart(6)} ms, again ${warm.toFixed(0).padStart(5)} ms  ${name}`);
  console.log(`${timed.length} looks at ${rows} actions: page, count and facets together, in milliseconds`);
  for (const of of ['cold', 'warm'] as const)
    console.log(
      `${of} p50 ${at(0.5, of).toFixed(0)}, p95 ${at(0.95, of).toFixed(0)} (at most ${BOUND_MS})${at(0.95, of) <= BOUND_MS ? '' : '  NOT HELD'}`,
    );
  return at(0.95, 'cold') <= BOUND_MS;
}
