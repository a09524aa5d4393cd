/**
 * How many requests may be at work, found while they are: as many as are answered in about the time that few take. It follows from Little's law:
 * so many are at work, so much slower they are, so many would not be. A burst is let through; only what lasts is overload.
 */

/** So few are never refused, and what they take is the usual. */
const FEW = 8;
/** How many times the usual an answer may take. */
const SLOWER = 1.5;
const WINDOW_MS = 1000;
/** Windows in a row without a moment of few at work, until the first is refused. */
const PATIENCE = 10;
/** Fewer that ended in a window say nothing. */
const ENOUGH = 5;
/** Weight of one answer in what is usual. */
const WEIGHT = 1 / 16;
/** Kinds that are told apart. */
const KINDS = 500;

export interface AdaptiveLimit {
  /**
   * One asks to come to work.
   *
   * @returns null where as many as may be are at work; else what is called once when it ends, with its kind, or with null where its time says
   *   nothing
   */
  enter(): ((kind: string | null) => void) | null;
}

/** @param now milliseconds */
export function createAdaptiveLimit({ most, now }: { most: number; now(): number }): AdaptiveLimit {
  const usual = new Map<string, number>();
  let limit = most;
  let [atWork, least, lasting] = [0, 0, 0];
  let windowFrom = now();
  let ended: { ms: number; slower: number | null }[] = [];

  const judge = (elapsed: number): void => {
    if (least <= FEW) {
      lasting = 0;
      limit = Math.min(most, limit * 2 ** Math.floor(elapsed / WINDOW_MS));
      return;
    }
    // Nothing ends while something that all wait for is away: that is no overload.
    if (ended.length < ENOUGH) return;
    lasting += 1;
    if (limit === most && lasting < PATIENCE) return;
    const slower = median(ended.flatMap((one) => one.slower ?? []));
    const meanAtWork = ended.reduce((sum, { ms }) => sum + ms, 0) / elapsed;
    // What is usual shows once few are at work.
    const fits = slower === null ? FEW : Math.round((meanAtWork * SLOWER) / slower);
    limit = Math.min(most, Math.max(FEW, fits));
  };

  const roll = (): void => {
    const elapsed = now() - windowFrom;
    if (elapsed < WINDOW_MS) return;
    judge(elapsed);
    windowFrom += elapsed;
    ended = [];
    least = atWork;
  };

  return {
    enter() {
      roll();
      if (atWork >= limit) return null;
      atWork += 1;
      const few = atWork <= FEW;
      const began = now();
      return (kind) => {
        roll();
        if (kind !== null) {
          const ms = Math.max(now() - began, 1);
          const before = usual.get(kind);
          ended.push({ ms, slower: before === undefined ? null : ms / before });
          if (few && atWork <= FEW && (before !== undefined || usual.size < KINDS)) {
            usual.set(kind, before === undefined ? ms : before + (ms - before) * WEIGHT);
          }
        }
        atWork -= 1;
        least = Math.min(least, atWork);
      };
    },
  };
}

function median(values: number[]): number | null {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}
