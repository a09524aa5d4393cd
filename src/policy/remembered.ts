/**
 * Judges by answers that were computed elsewhere. A judgement is synchronous, so it cannot ask an engine that may run for ever. A bundle
 * judges by the answers it has, notes the missing ones, and judges again once they came.
 */
import type { CompiledBundle } from './compiled.ts';
import type { Engines, ExternalInput } from './engines.ts';

/** What an external policy said. `silent`: it did not end in time, so its answer is unknown. */
export type ExternalAnswer = { yields: boolean } | { fails: string; silent: boolean };

export interface ExternalQuestion {
  /** `opa:NAME`. */
  engine: string;
  input: ExternalInput;
}

/** A bundle whose OPA policies answer from memory. */
export interface RememberingBundle {
  readonly bundle: CompiledBundle;
  /** Questions without an answer since the last call. */
  open(): ExternalQuestion[];
  remember(question: ExternalQuestion, answer: ExternalAnswer): void;
  /** The first silent answer that was read since the last call, in words; null without one. */
  silence(): string | null;
}

/** Whether judging by this bundle may ask a program that need not end. */
export const asksPrograms = (bundle: CompiledBundle): boolean =>
  [...bundle.engines.keys()].some((engine) => engine.startsWith('opa:'));

export function rememberingBundle(original: CompiledBundle): RememberingBundle {
  const answers = new Map<string, ExternalAnswer>();
  const lacking = new Map<string, ExternalQuestion>();
  let silent: string | null = null;
  const keyOf = ({ engine, input }: ExternalQuestion): string => `${engine}\n${JSON.stringify(input)}`;
  const read = (question: ExternalQuestion): boolean => {
    const key = keyOf(question);
    const answer = answers.get(key);
    if (answer === undefined) {
      lacking.set(key, question);
      throw new Error('it has not answered yet');
    }
    if ('yields' in answer) return answer.yields;
    if (answer.silent) silent ??= answer.fails;
    throw new Error(answer.fails);
  };
  const engines: Engines = new Map(
    [...original.engines].map(([engine, ask]) => [
      engine,
      engine.startsWith('opa:') ? (input) => read({ engine, input }) : ask,
    ]),
  );
  return {
    bundle: { ...original, engines },
    open() {
      const questions = [...lacking.values()];
      lacking.clear();
      if (questions.length > 0) silent = null;
      return questions;
    },
    remember: (question, answer) => void answers.set(keyOf(question), answer),
    silence() {
      const was = silent;
      silent = null;
      return was;
    },
  };
}
