/** Gauges of the whole stack, read when the metrics are asked for. Every process answers the same. */
import { Gauge } from 'prom-client';
import { within } from '../../availability/index.ts';
import type { StackGauges, Store } from '../../store/index.ts';
import type { Meters } from './meters.ts';
import { QUEUE_KINDS, queueStanding, type Asks, type QueueStanding } from './task-queue.ts';

/** Answers are cached for this time. */
const FRESH_MS = 5000;
/** A gauge that takes longer is left out. An alert watches for missing series. */
const ASK_MS = 2000;

export interface StandingOptions {
  store: Pick<Store, 'gauges'>;
  connection: Asks;
  namespace: string;
  taskQueue: string;
}

export function measureStanding({ registry }: Pick<Meters, 'registry'>, options: StandingOptions): void {
  const { store, connection, namespace, taskQueue } = options;
  const standing = remembered(() => within(ASK_MS, store.gauges.standing()));
  const queue = {
    workflow: remembered(() => queueStanding(connection, { namespace, taskQueue, kind: 'workflow', ms: ASK_MS })),
    activity: remembered(() => queueStanding(connection, { namespace, taskQueue, kind: 'activity', ms: ASK_MS })),
  };
  const stack = (name: string, help: string, value: (standing: StackGauges) => number): Gauge =>
    new Gauge({
      name: `countersign_${name}`,
      help,
      registers: [registry],
      async collect() {
        const now = await standing();
        this.reset();
        if (now !== null) this.set(value(now));
        else this.remove();
      },
    });
  stack('waiting', 'Actions that wait for a person.', ({ waiting }) => waiting);
  stack('waiting_oldest_seconds', 'How long the oldest of them waits.', ({ oldestWaiting }) => oldestWaiting);
  stack('released', 'Released actions whose outcome is not reported yet.', ({ released }) => released);
  stack('unreported', 'Actions that ended without a report.', ({ unreported }) => unreported);
  stack('projection_lag_entries', 'Entries that the read model is behind.', ({ projectionLag }) => projectionLag);
  stack('log_entries', 'Entries of all logs.', ({ entries }) => entries);
  const ofQueue = (name: string, help: string, value: (queue: QueueStanding) => number | null): Gauge<'kind'> =>
    new Gauge({
      name: `countersign_${name}`,
      help,
      labelNames: ['kind'],
      registers: [registry],
      async collect() {
        this.reset();
        for (const kind of QUEUE_KINDS) {
          const now = await queue[kind]();
          const measured = now === null ? null : value(now);
          if (measured !== null) this.set({ kind }, measured);
        }
      },
    });
  ofQueue('pollers', 'Workers that ask for work, as Temporal sees it.', ({ pollers }) => pollers);
  ofQueue('backlog', 'Tasks that wait for a worker.', ({ backlog }) => backlog);
  ofQueue('backlog_age_seconds', 'How long the oldest of them waits.', ({ backlogAgeSeconds }) => backlogAgeSeconds);
}

/** Shares one answer between concurrent callers, and caches it for a while. Null when it failed. */
function remembered<T>(ask: () => Promise<T>): () => Promise<T | null> {
  let known: Promise<T | null> | null = null;
  let until = 0;
  return () => {
    const now = performance.now();
    if (known === null || now >= until) {
      until = now + FRESH_MS;
      known = ask().catch(() => null);
    }
    return known;
  };
}
