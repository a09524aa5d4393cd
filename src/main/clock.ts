/**
 * The time of a process. Permits, deadlines and limits rest on it, so a machine whose clock is set wrong may not move them: where the clock
 * leaps against the time that really passed, PostgreSQL is asked, which all processes share, and it decides.
 */
import type { Logger } from 'pino';

export interface ProcessClock {
  now(): Date;
  /** Compares with PostgreSQL now. Where it does not answer, time goes on as it went. */
  compare(): Promise<void>;
}

export interface ProcessClockOptions {
  /** What PostgreSQL says, in milliseconds since the epoch. */
  theirs(): Promise<number>;
  log: Pick<Logger, 'warn'>;
  /** The machine's clock, and one that only goes on, in milliseconds. */
  wall?: () => number;
  steady?: () => number;
}

/** What is put right little by little, and an answer's way, stay below it. */
const LEAP_MS = 2000;
/** Between two questions while the machine's clock is wrong. */
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
