/** The thread in which OPA's programs run: one question at a time, stopped from outside where it takes too long. */
import { parentPort } from 'node:worker_threads';
import { prepareOpa } from '../policy/engines/opa.ts';
import type { ExternalEvaluator } from '../policy/index.ts';
import type { ProgramAnswer, ProgramQuestion } from './programs.ts';

/** Programs that are kept ready. */
const READY_MAX = 16;
const ready = new Map<string, ExternalEvaluator>();

function evaluator({ program, content }: ProgramQuestion): ExternalEvaluator {
  const known = ready.get(program);
  if (known !== undefined) return known;
  const made = prepareOpa(content);
  const oldest = ready.keys().next().value;
  if (ready.size >= READY_MAX && oldest !== undefined) ready.delete(oldest);
  ready.set(program, made);
  return made;
}

function answer(question: ProgramQuestion): ProgramAnswer {
  try {
    return { yields: evaluator(question)(question.input) };
  } catch (error) {
    return { fails: error instanceof Error ? error.message : 'it cannot be asked' };
  }
}

parentPort?.on('message', (question: ProgramQuestion) => parentPort?.postMessage(answer(question)));
parentPort?.postMessage('ready');
