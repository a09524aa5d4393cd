import { performance } from 'node:perf_hooks';

/** Milliseconds that one judgement may take; afterwards the request is refused. Usually it takes a thousandth of that. */
const JUDGEMENT_MS = 2000;

/** For `evaluate`: starts the clock of one judgement. The returned function says whether its time is over. */
export function judgementBudget(ms: number = JUDGEMENT_MS): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}
