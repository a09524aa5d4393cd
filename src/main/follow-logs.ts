/** Keeps the read model close behind the logs, in any number of processes. */
import type { Parts } from './parts.ts';

/** How often logs that grew are looked for, in milliseconds. */
const EVERY_MS = 500;

/** Follows the logs until it is closed. A failure is logged once, and tried again. */
export function followLogs({ readModel, log }: Pick<Parts, 'readModel' | 'log'>): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let failing = false;
  let running: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    try {
      for (const tenant of await readModel.behind()) {
        if (closed) return;
        await readModel.catchUp(tenant);
      }
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
