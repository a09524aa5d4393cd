import type { Basis, BrokenGlass, JsonObject, Reservation, VerdictDecision } from '../contract/index.ts';
import type { CompiledPolicy, CompiledRule } from './compiled.ts';
import type { PlanDraft } from './plan.ts';

/** What one policy says about one request, before the policies are combined. */
export interface Opinion {
  policy: CompiledPolicy;
  decision: VerdictDecision;
  basis: Basis;
  rule: CompiledRule | null;
  /** A sentence for a person. */
  reason: string;
  changes: JsonObject | null;
  draft: PlanDraft | null;
  review: BrokenGlass | null;
  /** An adviser asked for a stage. */
  advised?: true;
  /** Limits that the rules asked about on the way and that this action fits. */
  reservations: Reservation[];
}
