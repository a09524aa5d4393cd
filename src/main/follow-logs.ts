/** Keeps the read model close behind the logs, in any number of processes. */
import type { Parts } from './parts.ts';

/** How often logs that grew are looked for, in milliseconds. */
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
  const stale = new Set<string>();
  let restUntil = 0;
  /** A search covers a whole quarter, so a log that grows all the time must not cause one all the time. */
  const lookAgain = async (): Promise<void> => {
    const begun = Date.now();
    if (stale.size === 0 || begun < restUntil) return;
    for (const tenant of stale) {
      if (closed) return;
      await findingWatch.refresh(tenant);
      stale.delete(tenant);
    }
    restUntil = Date.now() + Math.max(REST_MS, REST_SHARE * (Date.now() - begun));
  };
  const look = async (): Promise<void> => {
    try {
      for (const tenant of await readModel.behind()) {
        if (closed) return;
        await readModel.follow(tenant);
        stale.add(tenant);
      }
      await lookAgain();
      failing = false;
    } catch (error) {
      if (!failing && !closed)
        log.warn({ err: error }, 'the read model cannot follow the log; lists and reports are behind');
      failing = true;
    }
  };
  const next = (): void => {
    if (closed) return;
    timer = setTimeout(() => {
      running = look().finally(next);
    }, EVERY_MS);
    timer.unref();
  };
  next();
  return {
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}
