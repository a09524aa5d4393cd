import { type Verdict, type VerdictDecision, VERDICT_DECISIONS } from '../contract/index.ts';

/** From 0 (`approve`) to 3 (`refuse`). */
export function strictness(decision: VerdictDecision): number {
  return VERDICT_DECISIONS.indexOf(decision);
}

/**
 * The stricter of two verdicts: `refuse` > `supervise` > `constrain` > `approve`. Of two equally strict ones the first wins, so pass the
 * verdict of submission first and the one at release second (contract section 5).
 */
export function strictest(a: Verdict, b: Verdict): Verdict {
  return strictness(b.decision) > strictness(a.decision) ? b : a;
}
