/** The words of a supervised override. Plain JSON throughout: a state survives a crash as its JSON text. */
import type { ApprovalPlan, DecisionView, Door, ErrorCode, Json, Presence } from '../contract/index.ts';

/** Under whose authority somebody decides for another: the delegation's id and the person who gave it. */
export interface DelegationUse {
  id: string;
  from: string;
}

/** One person's decision at a stage, as it was accepted. */
export interface ApprovalDecision extends DecisionView {
  delegation: DelegationUse | null;
  /** Dotted path to new value, of an `approve`. */
  changes: Record<string, Json> | null;
  /** New expiry of an `extend`, in milliseconds since the epoch. */
  until: number | null;
  /** A verified passkey assertion came with it. */
  assured: boolean;
}

/** Why more people were asked. `too-few`: those who are left could not reach the quorum. */
export type EscalationCause = 'time' | 'unreachable' | 'too-few';

export interface StageState {
  name: string;
  /** The plan's people without those excluded, then those added by escalation. */
  approvers: string[];
  openedAt: number | null;
  decisions: ApprovalDecision[];
  /** When the reminder is due; null before the stage opens, without a reminder, and afterwards. */
  remindAt: number | null;
  /** The reminder's time came while the stage was open. */
  reminded: boolean;
  /** The escalation that is due and why; null before the stage opens, without an escalation, and afterwards. */
  escalation: { at: number; because: EscalationCause } | null;
  /** More people were asked. */
  escalated: boolean;
  /** The remaining people cannot reach the quorum, and nobody else will be asked. The override can be refused, cancelled or expire. */
  short: boolean;
}

export type ApprovalStatus = 'open' | 'approved' | 'refused' | 'expired' | 'cancelled';

/** What happened beside the decisions of each stage, oldest first. `at` is when it was due by the plan, not when a late clock saw it. */
export type HistoryEntry =
  | { at: number; type: 'stage-opened'; stage: number }
  | { at: number; type: 'unreachable'; stage: number; people: string[] }
  | {
      at: number;
      type: 'escalated';
      stage: number;
      people: string[];
      refs: string[];
      because: EscalationCause;
      unable: string[];
    }
  | { at: number; type: 'returned'; stage: number; by: string; question: string }
  | { at: number; type: 'answered'; stage: number; by: string; text: string }
  | { at: number; type: 'extended'; stage: number; by: string; from: number; until: number }
  | { at: number; type: 'closed'; stage: number; status: Exclude<ApprovalStatus, 'open'>; by: string | null };

/** A supervised override. Times are milliseconds since the epoch. */
export interface ApprovalState {
  plan: ApprovalPlan;
  openedAt: number;
  expiresAt: number;
  /** Which stage is open, or was when it closed; from 0. */
  stage: number;
  status: ApprovalStatus;
  stages: StageState[];
  /** The question that waits for the requester's answer. The clock runs on, and decisions stay possible. */
  returned: { by: string; question: string; at: number } | null;
  /** All approvers' changes together, dotted path to value: what the permit will be bound to. */
  changes: Record<string, Json>;
  /** When those concerned are warned of the expiry. */
  warnAt: number;
  /** The warning of the current expiry was sent. */
  warned: boolean;
  /** Approvers who cannot be reached; they may still decide through another door. */
  unreachable: string[];
  history: HistoryEntry[];
}

export interface DecideEvent {
  type: 'decide';
  by: string;
  decision: 'approve' | 'refuse' | 'return' | 'extend';
  /** The stage that the person saw; by default the open one. */
  stage?: number;
  reason: string | null;
  changes: Record<string, Json> | null;
  /** What the changed paths hold in the request as it was asked; null where it has none. Needed with `changes`. */
  original?: Record<string, Json>;
  /** Milliseconds since the epoch, of an `extend`. */
  until: number | null;
  via: Door;
  /** How they were present; left out where nothing asks for it. */
  presence?: Presence;
  /** A verified passkey assertion of `by` over this decision came with it. */
  assured: boolean;
  delegation: DelegationUse | null;
  /** Everybody for whom `by` currently stands in, used or not: a delegate of the requester cannot decide either. */
  standsInFor?: string[];
  /** Checked against the directory just now: `by`, and the delegator, are active and the delegation holds. */
  standing: boolean;
}

export type ApprovalEvent =
  | DecideEvent
  /** The requester answers a question. */
  | { type: 'answer'; by: string; text: string }
  | { type: 'cancel'; by: string }
  /** People who cannot be reached. More are asked immediately, where policy names them. */
  | { type: 'unreachable'; people: string[] }
  /** Time passed. */
  | { type: 'tick' };

/** What has to be announced or done. Those that ask for a decision (`remind`, `warn`, `escalate`) never come with or after a close. */
export type ApprovalEffect =
  | { type: 'remind'; stage: number; people: string[]; expiresAt: number }
  /** Sent to these people and to the requester. */
  | { type: 'warn'; stage: number; people: string[]; expiresAt: number }
  /** `people` were added; `unable` are those of the escalation who cannot decide: excluded, or decided before. */
  | {
      type: 'escalate';
      stage: number;
      people: string[];
      refs: string[];
      because: EscalationCause;
      unable: string[];
    }
  | { type: 'unreachable'; stage: number; people: string[] }
  /** How many approvers are missing for the quorum. Nobody else will be asked. */
  | { type: 'short'; stage: number; missing: number }
  | { type: 'stage-opened'; stage: number }
  | {
      type: 'decided';
      stage: number;
      by: string;
      decision: 'approve' | 'refuse';
      delegation: DelegationUse | null;
      approvals: number;
      quorum: number;
    }
  | { type: 'returned'; stage: number; by: string; question: string; expiresAt: number }
  | { type: 'answered'; stage: number; by: string; text: string; expiresAt: number }
  | { type: 'extended'; stage: number; by: string; until: number }
  | { type: 'closed'; stage: number; status: Exclude<ApprovalStatus, 'open'>; by: string | null; at: number };

/** Why an event does not count; nothing was changed. */
export interface ApprovalRefusal {
  code: ErrorCode;
  message: string;
}

export interface Step {
  state: ApprovalState;
  effects: ApprovalEffect[];
}
