/** Judging as a workflow asks for it, and a moment before it can ask. */
import type { ActivityDeps } from './deps.ts';
import { foresee, judge, type Foreseen } from './judge.ts';
import type { Judged, JudgeInput } from './types.ts';

/** How long what nobody asked for is kept, in milliseconds: as long as one attempt of the workflow's question may take. */
const KEPT_MS = 20_000;

/** How old a verdict that was made ready may be, in milliseconds: its time, its freezes and its people are of that moment. */
const FRESH_MS = 250;

export interface Judging {
  /**
   * Makes the verdict ready while Temporal stores the start: in memory only, for nothing may be written of an action that a crash would
   * forget. Null where it is of no use: while others are judged here, what it took from them would be lost by all.
   */
  foresee(input: JudgeInput): Promise<Foreseen | null>;
  /**
   * Begins to judge what the workflow run `run` was started for, while its first task is still on its way through the worker of this
   * process. Only for a start that Temporal has answered: what is sealed here belongs to an action that no crash forgets.
   */
  begin(run: string, input: JudgeInput, foreseen: Promise<Foreseen | null>): void;
  /** The question of the workflow run: joins what was begun for it, and judges by itself where nothing was, or where that failed. */
  judge(run: string, input: JudgeInput): Promise<Judged>;
}

/** `judge` finds what it wrote before, so that a run that is judged twice has one verdict. */
export function createJudging(deps: ActivityDeps): Judging {
  const begun = new Map<string, Promise<Judged>>();
  let busy = 0;
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    busy += 1;
    try {
      return await work;
    } finally {
      busy -= 1;
    }
  };
  const beginning = async (input: JudgeInput, foreseeing: Promise<Foreseen | null>): Promise<Judged> => {
    const foreseen = await foreseeing;
    const fresh = foreseen !== null && deps.now().getTime() - foreseen.basis.now.getTime() < FRESH_MS;
    return judge(deps, input, fresh ? foreseen : null);
  };
  return {
    // What stands in its way stands in the way of judging, which says so.
    foresee: async (input) => (busy > 0 ? null : counted(foresee(deps, input)).catch(() => null)),
    begin(run, input, foreseeing) {
      const judged = counted(beginning(input, foreseeing));
      // Who waits for it sees the failure; where nobody does, the workflow judges again.
      judged.catch(() => undefined);
      begun.set(run, judged);
      setTimeout(() => begun.delete(run), KEPT_MS).unref();
    },
    async judge(run, input) {
      const early = begun.get(run);
      begun.delete(run);
      if (early !== undefined) {
        try {
          return await early;
        } catch {
          // Once more, by this execution, whose failure the workflow sees.
        }
      }
      return counted(judge(deps, input));
    },
  };
}
