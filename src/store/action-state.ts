/** The stored state of an action beside its records, so that any process can answer for it. It never holds the request or a secret. */
import type {
  Action,
  ActionRequest,
  AdviceFact,
  ApprovalPlan,
  EffectKind,
  ExecutionFact,
  JsonObject,
  OnCallFact,
  ProvenanceFact,
  PlanStep,
  RecordActor,
} from '../contract/index.ts';
import type { ApprovalState } from '../approval/index.ts';

/** The look back at a break-glass release, by other people. */
export interface BreakGlassReview {
  reviewers: string[];
  refs: string[];
  /** Milliseconds since the epoch. */
  dueAt: number;
  status: 'open' | 'overdue' | 'done';
  result: { by: string; right: boolean; reason: string; at: string } | null;
  /** The person on whose word it was released; null in older states. */
  by?: string | null;
  /** Their reason. */
  reason?: string | null;
}

export interface ActionState {
  /** The action without its permit. */
  action: Action;
  surface: string;
  verb: string;
  actor: RecordActor;
  /** Which step of which plan it is; left out of actions that were asked alone. */
  step?: PlanStep;
  /** Caller that asked, `key:…` or `user:…`. */
  requester: string;
  /** Keyed hash of the body, to tell a repeated request from a different one under the same key. */
  bodyMac: string;
  /** Disclosed values, as in the verdict's record. */
  disclosed: JsonObject;
  /** Paths whose values approvers see beside those; left out where there are none. The values are in the {@link Payload} alone. */
  show?: string[];
  /** Paths that policy depends on and does not show to approvers; left out where there are none. */
  unseen?: string[];
  /** How many values policy does not disclose. */
  withheld: number;
  /** What was left of each limit after this action's share, exact decimal strings. */
  limits: { label: string; left: string; max: string }[];
  notify: string[];
  /** How long waiting actions are gathered for one message, in milliseconds; left out where each is announced immediately. */
  digestMs?: number;
  plan: ApprovalPlan | null;
  approval: ApprovalState | null;
  /** Milliseconds since the epoch. */
  openedAt: number;
  outcomeWithinMs: number;
  /** How long a fresh permit may be had; null or left out where policy leaves it to how the action is released. */
  collectWithinMs?: number | null;
  permitMs: number;
  /** What the action does to the world; null or left out where policy does not say. */
  effect?: EffectKind | null;
  /** How long policy holds what is approved, in milliseconds; left out where it does not. */
  releaseAfterMs?: number;
  /** Until when what was released is held, RFC 3339; null or left out where it is not. */
  heldUntil?: string | null;
  /** Until when it can be collected, RFC 3339; null or left out where it is not released. */
  collectUntil?: string | null;
  /** Who took it back; null or left out where nobody did. */
  withdrawnBy?: string | null;
  retainMs: number | null;
  announced: boolean;
  review: BreakGlassReview | null;
  /** The sealed report, to recognise it when it is sent again. `detail` is its commitment. */
  outcome: { status: string; reference: string | null; detail: string | null } | null;
  /** Set where the engine executes it: the connector and its counts. */
  execution?: ExecutionFact;
  /** What advisers said. */
  advice?: AdviceFact[];
  /** What rotas said of who is on call. */
  oncall?: OnCallFact[];
  /** Where values came from, as the request says. */
  provenance?: ProvenanceFact;
  /** Set when payload and key were deleted. */
  erased?: { at: string; by: string | null; cause: 'request' | 'retention' };
}

/**
 * The part of an action that is encrypted under its own key and deleted with that key (retention, erasure): everything that records only
 * commit to.
 */
export interface Payload {
  request: ActionRequest;
  /** Who asked, and the keyed hash of the body, authenticated by being encrypted; left out by older payloads. */
  asked?: { by: string; mac: string };
  /** What approvers changed, by the number of the decision's record. */
  decided?: Record<string, JsonObject>;
  /** Values that policy set and does not disclose, by path. The verdict's record only commits to them. */
  changes?: JsonObject;
  /** The executor's words. */
  detail?: string;
  /** The result of an execution by the engine: rows that were read, or parts of an answer. */
  result?: JsonObject;
  /** What people were shown while they could decide, by its hash. */
  shown?: Record<string, JsonObject>;
  /** Who opened the whole, by directory id: hash of what they read, and of the record of the opening. */
  openings?: Record<string, { hash: string; record: string }>;
}

/** Changed values that are kept in clear: only those whose path policy discloses. */
export function disclosedChanges(changes: JsonObject, disclosed: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(changes).map(([path, value]) => [path, Object.hasOwn(disclosed, path) ? value : null]),
  );
}

/** The state without values that policy does not disclose. Approvers' changes are complete in the {@link Payload}. */
export function inClear(state: ActionState): ActionState {
  const { approval, disclosed } = state;
  if (approval === null || Object.keys(approval.changes).every((path) => Object.hasOwn(disclosed, path))) return state;
  return {
    ...state,
    approval: {
      ...approval,
      changes: disclosedChanges(approval.changes, disclosed),
      stages: approval.stages.map((stage) => ({
        ...stage,
        decisions: stage.decisions.map((one) => ({
          ...one,
          changes: one.changes === null ? null : disclosedChanges(one.changes, disclosed),
        })),
      })),
    },
  };
}
