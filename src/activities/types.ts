/** What the workflow asks of the outside world. Workflows import these as types only. */
import type { Action, ApprovalPlan, DecisionRecord, Json, OutcomeInput } from '../contract/index.ts';
import type { ApprovalEffect, ApprovalEvent, ApprovalState } from '../approval/index.ts';
import type { GovernedActionInput } from '../workflows/messages.ts';

export interface JudgeInput extends GovernedActionInput {
  /** `act_` and the SHA-256 of the idempotency key, from the workflow's own id. */
  id: string;
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

export type DecideEvent = Extract<ApprovalEvent, { type: 'decide' }>;
export type AnswerEvent = Extract<ApprovalEvent, { type: 'answer' }>;
export type CancelEvent = Extract<ApprovalEvent, { type: 'cancel' }>;

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

export interface PublishInput {
  action: Action;
  approval: ApprovalState | null;
  effects: ApprovalEffect[];
  /** The status that was told of last; null the first time. */
  was: Action['status'] | null;
  /** What happened to a break-glass review, for the thread. */
  review: 'reminder' | 'review_overdue' | 'reviewed' | null;
}

export interface Published {
  unreachable: string[];
}

/** What happened since the last time, for those who are told by webhook. */
export type WebhookNews = Pick<PublishInput, 'effects' | 'review' | 'was'>;

export interface CallbackInput {
  action: Action;
  /** `webhook-id`: the same for every attempt to tell of one change. */
  messageId: string;
  /** Left out by workflows that began before it was told. */
  news?: WebhookNews;
}

export interface WebhookInput {
  /** Without its permit. */
  action: Action;
  /** One of `Judged.hooks`. */
  target: string;
  /** `webhook-id` without the number of the event. */
  messageId: string;
  /** RFC 3339: when it happened. */
  at: string;
  news: WebhookNews;
}

/** Short, and run inside the workflow task: their results are in the history at once. */
export interface LocalActivities {
  judge(input: JudgeInput): Promise<Judged>;
  admit(input: AdmitInput): Promise<Admitted>;
  sealDecision(input: SealDecisionInput): Promise<Action>;
  release(input: ReleaseInput): Promise<Released>;
  sealOutcome(input: SealOutcomeInput): Promise<Action | { refusal: Refusal }>;
  reconcile(input: ReconcileInput): Promise<Action>;
  sealReview(input: SealReviewInput): Promise<Action>;
  publishPolicy(input: { action: Action }): Promise<Action>;
}

/** Those that talk to somebody else's server and are retried for long. */
export interface RemoteActivities {
  publish(input: PublishInput): Promise<Published>;
  callback(input: CallbackInput): Promise<void>;
  webhook(input: WebhookInput): Promise<void>;
}

/** What the `retention` workflow asks for. */
export interface RetentionActivities {
  eraseDue(input: { limit: number }): Promise<{ found: number; erased: number }>;
}

/** A witness or an anchor, by its name in the settings: the address and its secrets are in no history. */
export interface ShareTarget {
  kind: 'witness' | 'anchor';
  name: string;
}

/** What the `shareCheckpoints` workflow asks for. */
export interface ShareActivities {
  shareCheckpoints(target: ShareTarget): Promise<{ shared: number }>;
}
