import type { Facts, TraceEntry } from '../contract/verdict.ts';
import type { Hearing } from './policy-frame.ts';

/** A hearing with its facts, and the trace to write if one is wanted. */
export interface Trial extends Hearing {
  facts: Facts;
  trace: TraceEntry[] | null;
}
