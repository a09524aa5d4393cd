/**
 * What a page of the console waits for with a million actions: a history is sealed by `scripts/seed`, its rows of the read model are copied
 * to as many as asked for where it has fewer, weathered where that is asked for, and each of sixty looks is taken as `GET /v1/actions?facets=true` takes it, first after a restart.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fill } from '../../scripts/seed/seed.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts } from '../../src/main/parts.ts';
import { openEmbeddedPostgres, type Store } from '../../src/store/index.ts';
import { percentile } from '../percentile.ts';
import { reportsBench } from './reports.ts';
import { fillRows } from './rows.ts';
import { lying, weather } from './weather.ts';
import { looks, type Look } from './filters.ts';

const TENANT = 'default';
/** Sealed for a measurement; the rest are copies. */
const SEALED = 2000;
const PAGE = 50;
const COUNTED = 10_000;
const WARM = 3;
const BOUND_MS = 200;

interface Timed {
  name: string;
  cold: number;
  coldCpu: number;
  warm: number;
  /** Processor time of the server, which other work on the machine does not change; NaN where nobody says it. */
  cpu: number;
}

export interface ConsoleOptions {
  /** Of the read model. */
  rows: number;
  /** A folder whose rows are made once and measured again the next time; else they are gone afterwards. */
  kept: string | undefined;
  /** How many are sealed, where the folder has no log yet. */
  actions?: number | undefined;
  /** Whether rows are changed as in the course of their actions, so that they lie as sealed ones do. */
  weathered: boolean;
}

export async function consoleBench({ rows, kept, actions = SEALED, weathered }: ConsoleOptions): Promise<boolean> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'countersign-bench-console-'));
  const policies = fileURLToPath(new URL('../../scripts/seed/policies', import.meta.url));
  const config = loadConfig({ COUNTERSIGN_DATA: folder, COUNTERSIGN_POLICIES: policies });
  const until = Date.now();
  let postgres = await openEmbeddedPostgres({ dataDir: folder });
  const open = () => openParts(config, postgres.connectionString, createLogger('warn'));
  let parts = await open();
  try {
    if ((await parts.store.facts.projected(TENANT)).logSize === 0) {
      await fill(parts, postgres.connectionString, { actions, seed: 1, days: 365, clean: false, until });
    }
    await parts.readModel.catchUp(TENANT);
    await fillRows(postgres.connectionString, TENANT, rows);
    if (weathered) await weather(postgres.connectionString);
    const { tableMiB, indexesMiB, correlation } = await lying(postgres.connectionString);
    console.log(
      `rows ${tableMiB.toFixed(0)} MiB, their indexes ${indexesMiB.toFixed(0)} MiB, in the order of time by ${correlation.toFixed(3)}`,
    );
    // Cold: nothing of it is in the server's memory or in this process's.
    await parts.close();
    await postgres.stop();
    postgres = await openEmbeddedPostgres({ dataDir: folder });
    parts = await open();
    const timed: Timed[] = [];
    for (const look of looks(until)) timed.push(await take(parts.store, look, postgres.pid));
    const fast = show(timed, rows);
    return (await reportsBench(parts, until)) && fast;
  } finally {
    await parts.close();
    await postgres.stop();
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function take(
  { facts }: Pick<Store, 'facts'>,
  { name, filter, sort = '-askedAt' }: Look,
  server: number,
): Promise<Timed> {
  const once = async (): Promise<number> => {
    const began = performance.now();
    await facts.look(TENANT, {
      ...{ filter, scope: 'all', sort, cursor: undefined, limit: PAGE },
      ...{ counted: COUNTED, facets: true },
    });
    return performance.now() - began;
  };
  const began = processorTime(server);
  const cold = await once();
  const before = processorTime(server);
  let warm = Infinity;
  for (let n = 0; n < WARM; n += 1) warm = Math.min(warm, await once());
  return { name, cold, coldCpu: before - began, warm, cpu: (processorTime(server) - before) / WARM };
}

/** Of all processes of a server so far, in milliseconds, as Linux counts them: in ticks of ten. */
function processorTime(server: number): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN;
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, , , parent, ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/\(.*\)/, '()')
        .split(' ');
      if (Number(parent) === server) ticks += Number(rest[9]) + Number(rest[10]);
    } catch {
      continue;
    }
  }
  return ticks * 10;
}

function show(timed: readonly Timed[], rows: number): boolean {
  const at = (part: number, of: 'cold' | 'coldCpu' | 'warm' | 'cpu'): number =>
    percentile(
      timed.map((one) => one[of]),
      part,
    );
  for (const { name, cold, coldCpu, warm, cpu } of timed.toSorted((a, b) => b.cold - a.cold).slice(0, 15))
    console.log(
      `${cold.toFixed(0).padStart(6)} ms (${coldCpu.toFixed(0)} of the processor), again ${warm.toFixed(0).padStart(5)} ms, of the processor ${cpu.toFixed(0).padStart(4)} ms  ${name}`,
    );
  console.log(`${timed.length} looks at ${rows} actions: page, count and facets together, in milliseconds`);
  for (const of of ['cold', 'warm'] as const)
    console.log(
      `${of} p50 ${at(0.5, of).toFixed(0)}, p95 ${at(0.95, of).toFixed(0)} (at most ${BOUND_MS})${at(0.95, of) <= BOUND_MS ? '' : '  NOT HELD'}`,
    );
  for (const [name, of] of [
    ['cold', 'coldCpu'],
    ['warm', 'cpu'],
  ] as const)
    console.log(`${name}, of the processor p50 ${at(0.5, of).toFixed(0)}, p95 ${at(0.95, of).toFixed(0)}`);
  return at(0.95, 'cold') <= BOUND_MS;
}
