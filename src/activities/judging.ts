/** Judging as a workflow asks for it, and a moment before it can ask. */
import type { EngineDeps } from '../engine/deps.ts';
import { judge } from '../engine/judge.ts';
import type { Judged, JudgeInput } from '../engine/types.ts';

/** How long what nobody asked for is kept, in milliseconds: as long as one attempt of the workflow's question may take. */
const KEPT_MS = 20_000;

export interface Judging {
  /**
   * Begins to judge what the workflow run `run` was started for, while its first task is still on its way through the worker of this
   * process. Only for a start that Temporal has answered: what is sealed here belongs to an action that no crash forgets.
   */
  begin(run: string, input: JudgeInput): void;
  /** The question of the workflow run: joins what was begun for it, and judges by itself where nothing was, or where that failed. */
  judge(run: string, input: JudgeInput): Promise<Judged>;
}

/** `judge` finds what it wrote before, so that a run that is judged twice has one verdict. */
export function createJudging(deps: EngineDeps): Judging {
  const begun = new Map<string, Promise<Judged>>();
  return {
    begin(run, input) {
      const judged = judge(deps, input);
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
      return judge(deps, input);
    },
  };
}
