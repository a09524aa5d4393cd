/** Judges for the process that asks and for the workflow: the second of them finds the verdict of the first. */
import type { EngineDeps } from '../engine/deps.ts';
import { findJudged, judge, type StartOnItsWay } from '../engine/judge.ts';
import type { Judged, JudgeInput, StartedInput } from '../engine/types.ts';

export interface Judging {
  /**
   * Judges what this process starts. Nothing of it is written, and nobody outside of the stack is asked, before Temporal has acknowledged the
   * start, so that no record is sealed for an action that a crash would lose.
   *
   * @param acknowledged rejects where this process did not start the action, and then this call rejects too; left out once it is acknowledged
   */
  begin(input: JudgeInput, acknowledged?: Promise<void>): Promise<Judged>;
  /** For the workflow. Joins the judging that runs in this process; judges by itself where none runs, or where it failed. */
  judge(input: StartedInput): Promise<Judged>;
}

/**
 * `judge` finds the verdict that it wrote before, so an action that is judged twice has one verdict.
 *
 * @param alone Tells no other process: the promise itself answers the caller.
 * @param shared Tells every process that waits.
 */
export function createJudging({ alone, shared }: { alone: EngineDeps; shared: EngineDeps }): Judging {
  const running = new Map<string, Promise<Judged>>();
  // An encrypted input is not judged here before its workflow asks.
  const keyOf = (input: StartedInput): string => `${'tenant' in input ? input.tenant : ''}\n${input.id}`;
  return {
    async begin(input, acknowledged) {
      const key = keyOf(input);
      const start: StartOnItsWay | undefined =
        acknowledged === undefined ? undefined : { acknowledged, isAlone: () => running.size === 1 };
      const judged = judge(alone, input, start);
      running.set(key, judged);
      try {
        return await judged;
      } finally {
        if (running.get(key) === judged) running.delete(key);
      }
    },
    async judge(input) {
      const early = running.get(keyOf(input));
      if (early !== undefined) {
        try {
          return await early;
        } catch {
          // Try again in this execution: the workflow sees its failure.
        }
      }
      return (await findJudged(shared, input)) ?? judge(shared, input);
    },
  };
}
