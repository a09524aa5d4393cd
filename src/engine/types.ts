import type { ApprovalEvent, ApprovalState } from '../approval/types.ts';
import type { Json } from '../canonical/json.ts';
import type { Action, OutcomeInput } from '../contract/action.ts';
import type { GovernedActionInput } from '../contract/governed-action.ts';
import type { DecisionRecord } from '../contract/record.ts';
import type { ApprovalPlan } from '../contract/verdict.ts';

export interface JudgeInput extends GovernedActionInput {
  /** `act_` and the SHA-256 of the idempotency key, from the workflow's own id. */
  id: string;
  /** What the workflow is called; left out by the process that started it. */
  workflowId?: string;
  /** RFC 3339 UTC: when the workflow started, as the process says that asks or the workflow itself. */
  createdAt: string;
}

/** What the workflow has to know after the verdict to carry the action on. */
export interface Judged {
  action: Action;
  plan: ApprovalPlan | null;
  /** Milliseconds since the epoch: when the wait for approvers began. */
  openedAt: number;
  outcomeWithinMs: number;
  /** Whether anybody is told about it: approvers, a channel, a callback. */
  announced: boolean;
  /** The review that a break-glass release opens: when it is due, in milliseconds since the epoch. */
  review: { openedAt: number; dueAt: number } | null;
  /** Marks of the webhooks that are told; left out where there is none. */
  hooks?: string[];
  /** True for a policy publication: the engine itself carries it out once it is released. */
  activates: boolean;
}

export interface Refusal {
  code: string;
  message: string;
}

/** Where and how a decision came in, kept for its record. */
export interface DecisionEvidence {
  slack: DecisionRecord['slack'];
  shown: DecisionRecord['shown'];
  responsibility: string | null;
  assurance: DecisionRecord['assurance'];
  attestation: string | null;
}

export interface AdmitInput {
  action: Action;
  attestation: string;
  /** What the workflow expects this message to be. */
  kind: 'decide' | 'cancel' | 'answer' | 'reconcile' | 'review';
}

export type Admitted =
  | { refusal: Refusal }
  | { event: ApprovalEvent; evidence: DecisionEvidence }
  | { review: { by: string; right: boolean; reason: string; via: DecisionRecord['via'] }; evidence: DecisionEvidence }
  | { reconcile: { by: string; status: 'executed' | 'failed' | 'skipped'; reason: string } };

export interface SealDecisionInput {
  action: Action;
  decision: DecisionRecord['decision'];
  stage: number;
  by: string;
  delegation: DecisionRecord['delegation'];
  reason: string | null;
  via: DecisionRecord['via'];
  evidence: DecisionEvidence;
  changes: Record<string, Json> | null;
  until: number | null;
  /** People added by an escalation. */
  added: string[] | null;
  approval: ApprovalState;
}

export interface ReleaseInput {
  action: Action;
  basis: 'override';
  changes: Record<string, Json>;
  approval: ApprovalState;
}

/** `frozen`: nothing was released and nothing was sealed; try again when the freeze is lifted. */
export type Released = { action: Action } | { frozen: string };

export interface SealOutcomeInput {
  action: Action;
  /** Null when the executor never reported. */
  outcome: (OutcomeInput & { attestation?: string | undefined }) | null;
}

export interface ReconcileInput {
  action: Action;
  by: string;
  status: 'executed' | 'failed' | 'skipped';
  reason: string;
}

export interface SealReviewInput {
  action: Action;
  /** Null: it came due, and nobody had looked. */
  result: { by: string; right: boolean; reason: string; via: DecisionRecord['via'] } | null;
  evidence: DecisionEvidence | null;
}
