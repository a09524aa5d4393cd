/** Time as the sandbox knows it; injectable so that a test need not sleep through Slack's 3 seconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A clock that stands still until it is advanced. */
export interface ManualClock extends Clock {
  /** Moves time on and runs, in order, every timer that falls due. */
  advance(ms: number): void;
  /** How many timers wait for their time. */
  readonly waiting: number;
}

/** @param start milliseconds since the epoch; default now, so that signatures are fresh to a verifier with a real clock. */
export function manualClock(start: number = Date.now()): ManualClock {
  let time = start;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => time,
    after(ms, run) {
      const timer = { at: time + ms, run };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    get waiting() {
      return timers.size;
    },
    advance(ms) {
      const until = time + ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        time = Math.max(time, due.at);
        due.run();
      }
      time = until;
    },
  };
}
