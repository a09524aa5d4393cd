/** What the slack room needs of the gateway. It knows no more of the engine than this. */
import type { Action, DecisionInput, ErrorCode, PlanDecision } from '../contract/index.ts';
import type { ApprovalMessage } from '../notify/notifier.ts';
import type { PlanMessage } from '../notify/plan-message.ts';

/** A person of the directory, found by the Slack identity. */
export interface SlackPerson {
  tenant: string;
  /** Directory id. */
  id: string;
  name: string;
}

/** Where a click came from. `message` is the `ts` of the message, or `view:…` for the Home tab and what was opened from it. */
export interface SlackOrigin {
  workspace: string;
  user: string;
  channel: string;
  message: string;
}

export interface SlackDecision {
  /** Directory id. */
  person: string;
  decision: DecisionInput;
  slack: SlackOrigin;
  /** Exactly what the person was shown: hash of the rendered blocks and text, and the renderer's version. */
  shown: { hash: string; renderer: string };
  /** Whether it was read to its end: every page of the action's form. */
  whole?: boolean;
  /** The sentence that the approver was shown and takes on; null when nothing was approved. */
  responsibility: string | null;
}

/** An action, read once. The display and the decision rest on the same read. */
export interface SlackAction {
  message: ApprovalMessage;
  /**
   * Whether this person could decide now, without deciding: asked before a form opens. Fast: no call to the engine.
   *
   * @param person Directory id.
   * @throws CountersignError not-an-approver · own-request · already-decided · not-open · door-closed
   */
  check(person: string): Promise<void>;
  /**
   * Resolves when the decision is durable.
   *
   * @throws CountersignError not-an-approver · own-request · already-decided · not-open · reason-required · change-not-allowed ·
   * door-closed · frozen · unavailable …
   */
  decide(input: SlackDecision): Promise<Action>;
}

/** The message that a click names, if this stack posted it. */
export interface SlackPosted {
  tenant: string;
  action: string;
  /** Of what it shows now. */
  revision: number;
  shownHash: string;
  /** Directory id of the person it was sent to; null in a channel. */
  person: string | null;
}

/** One line of “you decided”. */
export interface DecidedItem {
  action: string;
  /** What and how much, in one line. */
  summary: string;
  decision: string;
  /** Seconds since the epoch. */
  at: number;
  /** How the action stands now. */
  state: string;
  consoleUrl: string | null;
}

/** One review that is late. */
export interface ReviewItem {
  action: string;
  summary: string;
  /** Seconds since the epoch. */
  dueAt: number;
  reviewers: string[];
  consoleUrl: string | null;
}

export interface SlackDelegation {
  /** Slack user of the same workspace, or a directory id. */
  to: { slackUser: string } | { person: string };
  /** Globs; `['**']` for everything. */
  surfaces: string[];
  /** Seconds since the epoch. */
  until: number;
  slack: SlackOrigin;
}

export interface SlackFreeze {
  scope: { kind: 'tenant' } | { kind: 'surface' | 'actor'; value: string };
  /** Whether it may stop what nobody knows yet. */
  unknown: boolean;
  reason: string;
  slack: SlackOrigin;
}

/** A stop that is in force. */
export interface FreezeItem {
  id: string;
  scope: { kind: 'tenant' } | { kind: 'surface' | 'actor'; value: string };
  reason: string;
  /** Display name of who stopped it. */
  by: string;
  /** Seconds since the epoch. */
  at: number;
}

export interface SlackLift {
  /** The freeze's id, or the beginning of it. */
  id: string;
  reason: string;
  slack: SlackOrigin;
}

/** A click, submission or command that the slack room refused. The gateway stores its own refusals. */
export interface RefusedAttempt {
  /** Null when the payload belongs to no message of this stack. */
  tenant: string | null;
  action: string | null;
  /** Directory id, when there is one. */
  person: string | null;
  /** `approve`, `refuse`, `delegate`, … */
  what: string;
  code: ErrorCode;
  slack: SlackOrigin;
}

/** The people who click. Errors of every part are CountersignErrors: their messages are shown to the person as they are. */
export interface SlackIdentity {
  /**
   * @param verifiedEmail The address Slack verified; counts only where the directory opts in, and never for a person who has an id.
   * @returns null for someone who is not in the directory, or has left.
   */
  personOf(workspace: string, slackUser: string, verifiedEmail?: string): Promise<SlackPerson | null>;
}

/** Messages that we sent, and what they say now. */
export interface SlackMessages {
  /** The message that a click names, or null when we never sent it. */
  posted(workspace: string, channel: string, ts: string): Promise<SlackPosted | null>;
  /** Notes that a click edited a message of this stack, and what the message now shows. */
  reshown(at: { workspace: string; channel: string; ts: string; revision: number; shownHash: string }): Promise<void>;
  /**
   * Stores what a person is about to see, so that a verifier can render it again.
   *
   * @param action The action to store it with; its own by default. A list of several is stored with each.
   */
  keepShown(message: ApprovalMessage, action?: string): Promise<void>;
  /** The action's current message; null when there is no such action. Fast: no call to the engine. */
  message(tenant: string, action: string): Promise<ApprovalMessage | null>;
  /** An action this person may see, by its id or the beginning of it; null for none, several or somebody else's. */
  find(person: SlackPerson, idOrPrefix: string): Promise<ApprovalMessage | null>;
}

export interface SlackDecisions {
  /** The action before a person decides it; null when there is none. Fast: no call to the engine. */
  read(tenant: string, action: string): Promise<SlackAction | null>;
  /** Keeps a refused attempt. Never throws for the attempt's sake. */
  refused(attempt: RefusedAttempt): Promise<void>;
}

/** A decision about several steps of a plan. */
export interface SlackPlanDecision {
  /** Directory id. */
  person: string;
  decision: PlanDecision;
  slack: SlackOrigin;
  /** Whether everything that its form has to read was read. */
  whole: boolean;
  responsibility: string | null;
}

export interface SlackPlans {
  /** The plan before a person decides it; null when there is none, or when they may not see it. */
  readPlan(person: SlackPerson, plan: string): Promise<PlanMessage | null>;
  /** What does not count, in words by the step's number from 1. @throws CountersignError where it counts for no step */
  decidePlan(tenant: string, plan: string, input: SlackPlanDecision): Promise<string[]>;
}

/** What concerns one person. */
export interface SlackInbox {
  /** What waits for this person, those first that expire first. */
  waitingFor(person: SlackPerson): Promise<ApprovalMessage[]>;
  /** Newest first. */
  decidedBy(person: SlackPerson): Promise<DecidedItem[]>;
  overdueReviews(person: SlackPerson): Promise<ReviewItem[]>;
}

/** What a person does about many actions in one step. */
export interface SlackOrders {
  /** @returns the name of who stands in. @throws CountersignError forbidden · invalid-request · not-found */
  delegate(person: SlackPerson, input: SlackDelegation): Promise<{ name: string }>;
  /** @returns the freeze's id, and how many actions it stops now. @throws CountersignError forbidden · invalid-request */
  freeze(
    person: SlackPerson,
    input: SlackFreeze,
  ): Promise<FreezeItem & { stops: { surfaces: number; actors: number; actions: number } | null }>;
  /** What is frozen now, and whether this person may lift it. */
  freezes(person: SlackPerson): Promise<{ freezes: FreezeItem[]; mayLift: boolean }>;
  /** @returns what is free again. @throws CountersignError forbidden · not-found */
  lift(person: SlackPerson, input: SlackLift): Promise<FreezeItem>;
}

/** A standing approval in force. */
export interface GrantItem {
  id: string;
  /** Display name of who gave it. */
  by: string;
  verb: string;
  surface: string;
  actor: string;
  /** Seconds since the epoch. */
  until: number;
  uses: number;
  used: number;
  upTo: string | null;
  sum: string;
  currency: string | null;
}

/** Standing approvals: they are given with a decision. */
export interface SlackGrants {
  /** Those in force that this person may end. */
  grants(person: SlackPerson): Promise<GrantItem[]>;
  /** Ends a grant immediately. @throws CountersignError not-found */
  revokeGrant(person: SlackPerson, id: string): Promise<void>;
}

/** Everything that the slack room asks of the gateway. */
export type SlackDoor = SlackIdentity &
  SlackMessages &
  SlackDecisions &
  SlackPlans &
  SlackInbox &
  SlackOrders &
  SlackGrants;
