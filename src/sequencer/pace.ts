/** Decides when a writer of a log goes ahead on its own last commit, and when it waits for its turn at the head. */

/** How many turns in a row a writer has to find its own commit at the head until it goes ahead, at its start. */
const ALONE_FIRST = 8;
/** The same after a race that it lost; doubled by each further one. */
const ALONE_MIN = 32;
const ALONE_MAX = 4096;

export interface Pace {
  /** Whether the next append waits for its turn. */
  takesTurns(): boolean;
  /** Notes that the head had moved before the swap, because others write this log too. */
  lost(): void;
  /** Notes that a turn is over. @param alone whether nobody had written since our last commit */
  took(held: { alone: boolean }): void;
}

/** How many of those who could hold the log do not, after one that held it in vain. */
const HOLDS_SKIPPED = 8;
const HOLDS_SKIPPED_MAX = 1024;

export interface Patience {
  /** Whether the next one may hold the log until it is told to go on. */
  holds(): boolean;
  /** Notes how that ended. @param inTime whether it was told in time */
  held(inTime: boolean): void;
}

/** So where starts take long, hardly anybody makes others wait for one. */
export function createPatience(): Patience {
  let skips = HOLDS_SKIPPED;
  let left = 0;
  return {
    holds: () => (left === 0 ? true : ((left -= 1), false)),
    held(inTime) {
      if (!inTime) left = skips;
      skips = inTime ? HOLDS_SKIPPED : Math.min(skips * 2, HOLDS_SKIPPED_MAX);
    },
  };
}

/** So at most one append in 33 loses a race, however many write. */
export function createPace(): Pace {
  let turns = true;
  let alone = 0;
  let wanted = ALONE_FIRST;
  return {
    takesTurns: () => turns,
    lost() {
      turns = true;
      alone = 0;
      wanted = Math.min(Math.max(wanted * 2, ALONE_MIN), ALONE_MAX);
    },
    took(held) {
      alone = held.alone ? alone + 1 : 0;
      turns = alone < wanted;
    },
  };
}
