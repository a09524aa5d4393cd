import type { ApprovalEffect, ApprovalEvent, ApprovalState } from '../approval/types.ts';
import type { Action, OutcomeInput } from '../contract/action.ts';
import type { EncryptedActionInput, GovernedActionInput } from '../contract/governed-action.ts';
import type { DecisionRecord } from '../contract/record.ts';
import type { ApprovalPlan } from '../contract/verdict.ts';

/** Which workflow asks. */
export interface Started {
  /** `act_` and the SHA-256 of the idempotency key, from the workflow's own id. */
  id: string;
  /** The workflow's id; left out by the process that started it. */
  workflowId?: string;
  /** RFC 3339 UTC: when the workflow started, as reported by the starting process, or by the workflow itself. */
  createdAt: string;
}

/** The input of the workflow, not yet read. */
export type StartedInput = (GovernedActionInput | EncryptedActionInput) & Started;

/** The input, read. */
export interface JudgeInput extends GovernedActionInput, Started {}

/** What the workflow has to know after the verdict. */
export interface Judged {
  action: Action;
  plan: ApprovalPlan | null;
  /** Milliseconds since the epoch: when the wait for approvers began. */
  openedAt: number;
  outcomeWithinMs: number;
  /** How long a permit lives, in milliseconds; left out by older verdicts. */
  permitMs?: number;
  /** Whether the request names a callback; left out by older verdicts, whose workflow saw the request. */
  callback?: boolean;
  /** Whether anybody is notified: approvers, a channel, a callback. */
  announced: boolean;
  /** The review that a break-glass release opens: when it is due, in milliseconds since the epoch. */
  review: { openedAt: number; dueAt: number } | null;
  /** The action's webhook endpoints, by names without secrets; left out if it has none. */
  hooks?: string[];
  /** True where policy holds what is approved, so that it can be withdrawn after its release. */
  held?: boolean;
  /** Id of its plan's workflow; left out for actions that were asked alone. */
  planWorkflow?: string;
  /**
   * The plan's message tells people about it. A message of the step that overlaps with its decision could replay in another order
   * than it was recorded in. Older results lack this.
   */
  quiet?: boolean;
  /** True for a policy publication: the engine executes it itself once it is released. */
  activates: boolean;
  /**
   * Whether the workflow takes a decision in one step, and notifies people from the task in which it learns of a change. It is part of the
   * recorded result, so a history needs no event for it. Older workers leave it out, and their workflows go on as they began.
   */
  joined?: true;
  /**
   * Whether the first try to tell people waits for its turn among the steps of the workflow. Otherwise it overlaps with a decision that ends
   * before it, and replays in another order than it was recorded in. Like `joined`, it is part of the recorded result.
   */
  tellsInTurn?: true;
  /** True where a connector executes it once it is released; left out where none does. */
  executes?: boolean;
}

/** As {@link Judged}, of an action whose workflow was lost. */
export interface Resumed extends Judged {
  approval: ApprovalState | null;
}

export interface ResumeActionInput {
  action: ActionRef;
  /** Id of the workflow that asks. */
  workflowId: string;
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

/** The action of a step. Older workflows send the whole action; only these two members are read. */
export interface ActionRef {
  tenant: string;
  id: string;
}

export interface AdmitInput {
  action: ActionRef;
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
  action: ActionRef;
  /** A person's attested message; without one only what is due is sealed. */
  attestation?: string;
  /** What the message is; `decide` unless said. */
  kind?: 'decide' | 'cancel' | 'answer';
  /** `cancelled`, without an attestation: somebody who may write to the namespace withdrew it. Nothing else is read. */
  decision?: string;
  /** The attestation of the worker that could not reach people. */
  unreachable?: string;
}

/** The action and its override afterwards. Older histories hold the action alone. */
export interface Sealed {
  action: Action;
  approval: ApprovalState | null;
  effects: ApprovalEffect[];
  /** Why the message does not count. */
  refusal?: Refusal;
  /** An earlier attempt sealed this message and died before it could answer. That is not a refusal. */
  repeated?: true;
}

/** A person's attested message. */
export interface DecideInput {
  action: ActionRef;
  attestation: string;
  kind: 'decide' | 'cancel' | 'answer';
}

export interface Decided {
  sealed: Sealed;
  /** The release, if the message completed the approval; null otherwise. */
  released: Released | null;
}

export interface ReleaseInput {
  action: ActionRef;
}

/** `frozen`: nothing was released and nothing was sealed; try again when the freeze is lifted. */
export type Released = { action: Action; approval?: ApprovalState | null } | { frozen: string };

/** An executor's report, and which caller brought it. */
export type OutcomeReport = OutcomeInput & { attestation?: string | undefined };

export interface SealOutcomeInput {
  action: ActionRef;
  /** Null when the executor never reported. */
  outcome: OutcomeReport | null;
}

/** Input for a workflow whose first task is an executor's report. */
export type JudgeAndReportInput = StartedInput & { outcome: OutcomeReport };

export interface JudgedAndReported {
  judged: Judged;
  reported: Action | { refusal: Refusal };
}

/** Nothing was sealed. Look again at this time, in milliseconds since the epoch. */
export interface NotDue {
  refusal: Refusal;
  wakeAt: number;
}

export interface ReconcileInput {
  action: ActionRef;
  /** Older workflows leave it out. Then nobody attested the settlement, and nothing is settled. */
  attestation?: string;
}

export interface SealReviewInput {
  action: ActionRef;
  /** Left out when the review became overdue. */
  attestation?: string;
}
