/** `npm run bench [report|latency|client|console|lag|findings|evidence|policy|limits|workers|writers|queue|peers|backlog|parked|overload|processes] [small|whole|weathered|sealed|COUNT] [FOLDER]`: every benchmark starts its own servers and compares within one run. */
import { client } from './client/index.ts';
import { consoleBench } from './console/index.ts';
import { latency } from './latency/index.ts';
import { queue } from './queue/index.ts';
import { workers } from './workers/index.ts';

/** How many, where a bench is asked for that. */
const counts = process.argv.slice(3).map(Number);

const MILLION = 1_000_000;

const BENCHES: Record<string, () => Promise<boolean>> = {
  report: async () => (await import('./report/index.ts')).report(),
  latency: () => latency(process.argv[3] === 'small'),
  client,
  console: () =>
    consoleBench({
      rows: process.argv[3] === 'small' ? 100_000 : MILLION,
      kept: process.argv[4],
      actions: process.argv[3] === 'sealed' ? MILLION : undefined,
      weathered: process.argv[3] === 'weathered',
    }),
  lag: async () => (await import('./console/lag.ts')).lagBench(),
  findings: async () =>
    (await import('./findings/index.ts')).findingsBench(process.argv[3] === 'small' ? 2000 : undefined),
  workers,
  queue,
  backlog: async () => (await import('./many/backlog.ts')).backlog(counts[0]),
  parked: async () => (await import('./many/parked.ts')).parked(...counts),
  overload: async () => (await import('./many/overload.ts')).overload(...counts),
  processes: async () => (await import('./many/processes.ts')).processes(...counts),
  writers: async () => (await import('./evidence/writers.ts')).writers(),
  peers: loaded(async () => (await import('./peers/index.ts')).peers()),
  async evidence() {
    // Each measures as it is loaded, one after the other.
    await import('./evidence/seal.ts');
    await import('./evidence/proof.ts');
    return true;
  },
  policy: loaded(() => import('./policy/index.ts')),
  limits: loaded(() => import('./limits/index.ts')),
};

/** One that measures as it is loaded. */
function loaded(load: () => Promise<unknown>): () => Promise<boolean> {
  return async () => (await load()) !== null;
}

const name = process.argv[2] ?? 'latency';
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`there is no benchmark \`${name}\`; there is ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
// Bounds are reported, not enforced: another machine, or a busy one, has other figures.
await bench();
process.exit(0);
