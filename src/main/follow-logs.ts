/** Keeps the read model close behind the logs, in any number of processes. */
import type { Parts } from './parts.ts';

/** How often to look for logs that grew, in milliseconds. */
const EVERY_MS = 500;

/** Pause between two searches for findings, in milliseconds; longer if the last search took long. */
const REST_MS = 5000;
const REST_SHARE = 20;

/** Follows the logs until it is closed. A failure is logged once, and tried again. */
export function followLogs({ readModel, findingWatch, log }: Pick<Parts, 'readModel' | 'findingWatch' | 'log'>): {
  close(): Promise<void>;
} {
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let failing = false;
  let running: Promise<void> = Promise.resolve();
  let searching: Promise<void> | null = null;
  const stale = new Set<string>();
  let restUntil = 0;
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing && !closed)
        log.warn({ err: error }, 'the read model cannot follow the log; lists and reports are behind');
      failing = true;
    }
  };
  /** A search covers a whole quarter, so a log that grows all the time must not cause one all the time. */
  const search = async (): Promise<void> => {
    const begun = Date.now();
    for (const tenant of [...stale]) {
      if (closed) return;
      stale.delete(tenant);
      try {
        await findingWatch.refresh(tenant);
      } catch (error) {
        stale.add(tenant);
        throw error;
      }
    }
    restUntil = Date.now() + Math.max(REST_MS, REST_SHARE * (Date.now() - begun));
  };
  const look = async (): Promise<void> => {
    for (const tenant of await readModel.behind()) {
      if (closed) return;
      await readModel.follow(tenant);
      stale.add(tenant);
    }
    // Apart from the rows, which must not wait for it: a search of a large quarter takes seconds.
    if (stale.size > 0 && Date.now() >= restUntil)
      searching ??= attempt(search).finally(() => {
        searching = null;
      });
  };
  const next = (): void => {
    if (closed) return;
    timer = setTimeout(() => {
      running = attempt(look).finally(next);
    }, EVERY_MS);
    timer.unref();
  };
  next();
  return {
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await running;
      await searching;
    },
  };
}
