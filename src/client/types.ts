/** The part of `/v1` that callers and executors read. A newer server may send more. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Who asks, and for whom. */
export interface Actor {
  /** `user:`, `service:` or `agent:` and a name. */
  id: string;
  type: 'user' | 'service' | 'agent';
  roles?: string[];
  groups?: string[];
  onBehalfOf?: Actor;
}

/** One request to do one thing on one surface. */
export interface ActionRequest {
  /** Where something irreversible can happen, dotted lower case, such as `payments.refund`. */
  surface: string;
  /** The verb, such as `refund.create`. */
  action: string;
  actor: Actor;
  /** What it is done to; `version` is the state that is judged. */
  resource?: { type?: string; id?: string; version?: string; [attribute: string]: Json | undefined };
  /** What policy may read, at most 64 KiB in all. */
  params?: JsonObject;
  context?: {
    folder?: string;
    environment?: string;
    urgency?: 'normal' | 'emergency';
    reason?: string;
    jurisdiction?: string;
    matter?: string;
    labels?: string[];
    constraints?: string[];
    provenance?: { [path: string]: string };
  };
  /** The action that this one takes back. */
  reverses?: string;
  /** Sensitive: only its salted commitment is ever recorded. */
  content?: JsonObject;
  /** A connector that executes it inside the engine. */
  execution?: { connector: string };
  /** URL that gets every change of state, by Standard Webhooks. */
  callback?: string;
}

export type ActionStatus =
  | 'evaluating'
  | 'supervised'
  | 'released'
  | 'executed'
  | 'failed'
  | 'skipped'
  | 'unreported'
  | 'lapsed'
  | 'refused'
  | 'expired'
  | 'cancelled';

export interface Verdict {
  decision: 'approve' | 'constrain' | 'supervise' | 'refuse';
  basis: string;
  bundle: string | null;
  policy: string | null;
  rule: string | null;
  reasons: string[];
  mode: string;
  changes: JsonObject | null;
}

export interface Approval {
  stage: number;
  stages: {
    name: string;
    quorum: number;
    approvers: string[];
    decisions: { by: string; decision: string; reason: string | null; at: string; via: string; presence?: string }[];
  }[];
  expiresAt: string;
}

export interface Action {
  id: string;
  tenant: string;
  status: ActionStatus;
  requestHash: string | null;
  verdict: Verdict | null;
  approval: Approval | null;
  /** Compact JWS, only for the caller that may execute. */
  permit: string | null;
  /** Hashes of its sealed records, oldest first. */
  records: string[];
  /** When an executor took the permit: from then on the action counts as begun. */
  redeemedAt?: string | null;
  createdAt: string;
  updatedAt: string;
  [more: string]: unknown;
}

/** Up to 100 steps that are reviewed as one. */
export interface PlanRequest {
  steps: ActionRequest[];
  /** What it is for, in a few words that approvers see. */
  title?: string;
  /** `sequence` by default: a step gets its permit once those before it are executed. */
  order?: 'sequence' | 'any';
  /** `withdraw` by default: the others are withdrawn when a step is not executed. */
  onFailure?: 'withdraw' | 'continue';
  /** More steps may follow as they come. */
  open?: boolean;
}

/** The current state of a plan. */
export interface Plan {
  id: string;
  status: ActionStatus | 'partial';
  /** Hash over the whole plan, sealed in the verdict of every step. */
  whole: string | null;
  /** The verdict on the whole plan; null until every step is judged. */
  verdict: {
    decision: Verdict['decision'];
    effect: 'read' | 'reversible' | 'compensable' | 'irreversible' | null;
    limits: { limit: string; sum: string; left: string; max: string }[];
    [more: string]: unknown;
  } | null;
  /** Each step is an action, in the order of the plan. */
  steps: (Action & { index: number; surface: string; asked: Verdict['decision'] })[];
  of: number;
  open: boolean;
  createdAt: string;
  updatedAt: string;
  [more: string]: unknown;
}

/** The answer to a redemption. */
export interface Redeemed {
  /** The action's id. */
  act: string;
  surface: string;
  requestHash: string;
  changes: JsonObject | null;
  /** The resource version that was judged. Compare it with the state you find, and skip where it differs. */
  version: string | null;
  redeemedAt: string;
  /** The request as released: with what policy and approvers changed. Execute this and nothing else. */
  request: ActionRequest;
}

export type OutcomeStatus = 'executed' | 'failed' | 'skipped';

export interface Outcome {
  permit: string;
  status: OutcomeStatus;
  /** The executor's own id of what it did. */
  reference?: string;
  detail?: string;
  /** When the permit was used up without the engine, where it allows that. RFC 3339. */
  redeemedAt?: string;
  /** The redeemer that took the permit, so that another executor's report never passes for this one. */
  redeemer?: string;
}

/** RFC 9457, with a stable `code`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: { pointer: string; detail: string }[];
  [extension: string]: unknown;
}
