import { performance } from 'node:perf_hooks';

/** Milliseconds that one judgement may take. What is undecided then is refused. Usually it takes a thousandth of that. */
const JUDGEMENT_MS = 2000;

/** For `evaluate`: says when the time of a judgement that begins now is over. */
export function judgementBudget(ms: number = JUDGEMENT_MS): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}
