/** Slack waits three seconds for an acknowledgement. Longer work goes on after it, and a stop waits for it. */
import type { SlackLog } from './log.ts';

/** How long an acknowledgement is held for the decision behind it. */
export const HOLD_MS = 2000;

export const LATE = Symbol('late');

/** The result of `work`, or {@link LATE} after `ms`; the work then goes on. @throws what `work` throws in time. */
export async function orLate<T>(work: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Work that goes on after its acknowledgement. */
export interface Tasks {
  /** Never rejects: errors are logged. */
  run(what: string, work: Promise<unknown>): void;
  /** Waits for what is running, at most `ms`. */
  drained(ms: number): Promise<void>;
}

export function createTasks(log: SlackLog): Tasks {
  const running = new Set<Promise<void>>();
  return {
    run(what, work) {
      const task = work.then(
        () => undefined,
        (error: unknown) => {
          log.error({ error: error instanceof Error ? error.message : String(error) }, `${what} failed`);
        },
      );
      running.add(task);
      void task.then(() => running.delete(task));
    },
    async drained(ms) {
      await orLate(Promise.all(running), ms);
    },
  };
}
