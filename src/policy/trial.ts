import type { Facts, TraceEntry } from '../contract/verdict.ts';
import type { Hearing } from './policy-frame.ts';

/** One judgement with its facts, and a trace if one is wanted. */
export interface Trial extends Hearing {
  facts: Facts;
  trace: TraceEntry[] | null;
}
