/** Judging, for the process that asks and for the workflow: whoever comes second finds the verdict of the first. */
import type { EngineDeps } from '../engine/deps.ts';
import { findJudged, judge } from '../engine/judge.ts';
import type { Judged, JudgeInput, StartedInput } from '../engine/types.ts';

export interface Judging {
  /**
   * Judges what this process has just started. Only for a start that Temporal has acknowledged: what is sealed here belongs to an
   * action that no crash forgets.
   */
  begin(input: JudgeInput): Promise<Judged>;
  /** The workflow's question: joins what this process is judging now, and judges by itself where nothing runs, or where that failed. */
  judge(input: StartedInput): Promise<Judged>;
}

/**
 * `judge` finds what it wrote before, so that an action that is judged twice has one verdict.
 *
 * @param alone Tells no other process: whoever asked is answered by the promise itself.
 * @param shared Tells every process that waits.
 */
export function createJudging({ alone, shared }: { alone: EngineDeps; shared: EngineDeps }): Judging {
  const running = new Map<string, Promise<Judged>>();
  // An encrypted input is not judged here before its workflow asks.
  const keyOf = (input: StartedInput): string => `${'tenant' in input ? input.tenant : ''}\n${input.id}`;
  return {
    async begin(input) {
      const key = keyOf(input);
      const judged = judge(alone, input);
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
          // Once more, by this execution, whose failure the workflow sees.
        }
      }
      return (await findJudged(shared, input)) ?? judge(shared, input);
    },
  };
}
