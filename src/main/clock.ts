/**
 * The time of a process. Permits, deadlines and limits rest on it, so a machine whose clock is set wrong may not move them: where the clock
 * leaps against the time that really passed, PostgreSQL is asked, which all processes share, and it decides.
 */
import type { Logger } from 'pino';

export interface ProcessClock {
  now(): Date;
  /** Compares with PostgreSQL now. Without an answer the time goes on at the same pace. */
  compare(): Promise<void>;
}

export interface ProcessClockOptions {
  /** PostgreSQL's time, in milliseconds since the epoch. */
  theirs(): Promise<number>;
  log: Pick<Logger, 'warn'>;
  /** The machine's clock, and one that only goes on, in milliseconds. */
  wall?: () => number;
  steady?: () => number;
}

/** Slow corrections of the clock, and the way of an answer, stay below this difference, in milliseconds. */
const LEAP_MS = 2000;
/** Pause between two queries while the machine's clock is wrong, in milliseconds. */
const ASK_MS = 1000;

export function createClock({
  theirs,
  log,
  wall = Date.now,
  steady = () => performance.now(),
}: ProcessClockOptions): ProcessClock {
  /** What to add to the steady clock. */
  let offset = wall() - steady();
  let askedAt = -Infinity;
  let wrong = false;

  const compare = async (): Promise<void> => {
    const began = steady();
    askedAt = began;
    let said: number;
    try {
      said = await theirs();
    } catch {
      return;
    }
    const ended = steady();
    const [machines, shared] = [wall() - ended, said - (began + ended) / 2];
    // An answer that took long says less exactly when it was given.
    const agrees = Math.abs(machines - shared) <= LEAP_MS + (ended - began) / 2;
    offset = agrees ? machines : shared;
    if (wrong !== agrees) return;
    wrong = !agrees;
    const aheadMs = Math.round(machines - shared);
    if (wrong) log.warn({ aheadMs }, 'the clock of this machine is not PostgreSQL’s; time goes on as PostgreSQL says');
    else log.warn({ aheadMs }, 'the clock of this machine is PostgreSQL’s again');
  };

  return {
    compare,
    now() {
      const [machines, passed] = [wall(), steady()];
      if (Math.abs(machines - passed - offset) <= LEAP_MS) {
        offset = machines - passed;
        return new Date(machines);
      }
      if (passed - askedAt >= ASK_MS) void compare();
      return new Date(Math.round(passed + offset));
    },
  };
}
