/** What an auditor waits for beside the search: a year's report, and files of many rows, which no process holds in its memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client, Connection } from '@temporalio/client';
import { judgingOf, gatewayOf } from '../../src/main/serve.ts';
import type { Parts } from '../../src/main/parts.ts';
import type { Caller } from '../../src/identity/index.ts';

const DAY_MS = 86_400_000;
const REPORT_MAX_MS = 2000;
const TIMES = 5;
/** Pieces of a file after which it is looked at what is held. */
const LOOK_EACH = 64;
const MIB = 1024 * 1024;
/** What a file of ten times as many rows may hold beyond the small one. */
const MORE_MAX_MIB = 8;

const AUDITOR: Caller = {
  ...{ id: 'user:auditor@acme.test', kind: 'person', tenant: 'default' },
  ...{ surfaces: [], actors: [], roles: ['auditor'], groups: [] },
};

/** @returns whether the bounds held */
export async function reportsBench(parts: Parts, until: number): Promise<boolean> {
  // Nothing here asks Temporal for anything.
  const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });
  const gateway = gatewayOf(parts, client, judgingOf(parts, parts));
  const to = new Date(until).toISOString();
  const from = new Date(until - 365 * DAY_MS).toISOString();
  const took: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const began = performance.now();
    await gateway.overview(AUDITOR, { from, to });
    took.push(performance.now() - began);
  }
  const [first = NaN, ...again] = took;
  const slowest = Math.max(...took);
  console.log(
    `a year's report: first ${first.toFixed(0)} ms, then ${again.map((ms) => ms.toFixed(0)).join(', ')} ms (at most ${REPORT_MAX_MS})`,
  );
  const grown: number[] = [];
  for (const format of ['csv', 'jsonl', 'xlsx'] as const) {
    const small = await exported(gateway, { format, from: daysBefore(until, 3.65), to });
    const large = await exported(gateway, { format, from: daysBefore(until, 36.5), to });
    grown.push(large.peak - small.peak);
    console.log(
      `export, ${format}: ${small.rows} rows ${(small.bytes / MIB).toFixed(1)} MiB, at most ${small.peak.toFixed(1)} MiB held; ` +
        `${large.rows} rows ${(large.bytes / MIB).toFixed(1)} MiB, ${large.peak.toFixed(1)} MiB held, ${(large.ms / 1000).toFixed(1)} s`,
    );
  }
  return slowest <= REPORT_MAX_MS && Math.max(...grown) <= MORE_MAX_MIB;
}

const daysBefore = (until: number, days: number): string => new Date(until - days * DAY_MS).toISOString();

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is held after all that is not was given back. What the collector has not looked at yet says nothing. */
function live(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

type Exporting = Pick<ReturnType<typeof gatewayOf>, 'exportActions'>;

async function exported(
  gateway: Exporting,
  query: Parameters<Exporting['exportActions']>[1],
): Promise<{ rows: number; bytes: number; peak: number; ms: number }> {
  const before = live();
  let most = before;
  const began = performance.now();
  const { stream, records } = await gateway.exportActions(AUDITOR, query);
  let [bytes, pieces] = [0, 0];
  for await (const chunk of stream) {
    bytes += (chunk as Uint8Array).length;
    pieces += 1;
    if (pieces % LOOK_EACH === 0) most = Math.max(most, live());
  }
  return { rows: records, bytes, peak: (most - before) / MIB, ms: performance.now() - began };
}
