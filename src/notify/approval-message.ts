/**
 * Everything that people are shown about one action, in Slack or elsewhere. Types only: the pure renderer reads them too.
 *
 * It holds what policy discloses and nothing else: no content, no undisclosed value. Texts are plain; escaping is the renderer's.
 */
import type { ENGINE_VIA } from '../contract/engine-names.ts';
import type { Door, EffectKind, Presence } from '../contract/index.ts';

/** The state of an action in its message. */
export type MessageState =
  | 'waiting'
  | 'returned'
  | 'approved'
  | 'changed'
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'frozen'
  | 'released'
  | 'executed'
  | 'failed'
  | 'skipped'
  | 'unreported'
  | 'lapsed'
  | 'break_glass'
  | 'review_overdue'
  | 'reviewed';

/** A requester, or somebody they ask for. */
export interface MessageParty {
  /** Directory id, or the id that the request gives. */
  id: string;
  /** Display name of the directory; null for agents, services and strangers. */
  name: string | null;
  type: 'user' | 'service' | 'agent';
  /** A `user` that the directory does not have: nobody has checked who that is. */
  unverified?: boolean;
  /** For an agent or service: the name of the person who answers for it, or null; left out where that was not looked up. */
  owner?: string | null;
}

/** A person who is asked to decide. */
export interface MessagePerson {
  id: string;
  name: string;
  /** The reference by which policy names this person (`group:finance`), or who delegated: why they are asked. */
  ref: string;
}

export interface MessageStage {
  name: string;
  quorum: number;
  /** Approvals so far. */
  approvals: number;
  state: 'done' | 'open' | 'later' | 'refused';
  people: MessagePerson[];
  /** True when it counts only with the approver's own passkey: Slack's buttons become a link. */
  passkey: boolean;
}

export interface MessageDecision {
  /** Directory id; `countersign` for the clock. */
  by: string;
  name: string;
  decision: 'approve' | 'refuse' | 'return' | 'extend' | 'answered' | 'expired' | 'cancelled';
  /** Seconds since the epoch. */
  at: number;
  reason: string | null;
  via: Door | typeof ENGINE_VIA;
  /** How the person was present; left out where nobody was, and for older records. */
  presence?: Presence;
  /** For whom, when decided under a delegation. */
  onBehalfOf: string | null;
  /** Disclosed changes only; `from` and `to` in readable form. */
  changes: { label: string; from: string; to: string }[];
}

/** One thing an approver may lower or set. */
export interface MessageChangeable {
  /** Dotted request path, as in `mayChange`. */
  path: string;
  label: string;
  kind: 'number' | 'decimal' | 'text';
  /** The current value; null when policy does not disclose it. */
  value: string | null;
}

/** A request like this one that waits as well: same surface, actor and rule. */
export interface MessageAlike {
  action: string;
  revision: number;
  stage: number;
  /** One line: what and how much. */
  summary: string;
}

export interface ApprovalMessage {
  tenant: string;
  /** Action id, `act_…`. */
  action: string;
  /** Grows whenever the message changes. */
  revision: number;
  surface: string;
  verb: string;
  state: MessageState;
  /** What the reader can do now: decide a parked action, judge a break-glass release afterwards, or nothing (no buttons). */
  ask: 'decision' | 'review' | null;
  actor: MessageParty;
  /** For whom, nearest first. */
  onBehalfOf: MessageParty[];
  /** `order ord_991`; null when there is none or it is not disclosed. */
  resource: string | null;
  /** How much, in one phrase: `420.50 USD`; null when there is none or it is not disclosed. */
  amount: string | null;
  /** What it does to the world; left out where policy does not say. */
  effect?: EffectKind;
  /** The action that this one takes back; left out where there is none. */
  reverses?: string;
  /** Until when an approved action is held and can be withdrawn, seconds since the epoch; left out where it is not held. */
  heldUntil?: number;
  /** Until when an approved action waits to be collected, seconds since the epoch; left out once it was. */
  collectUntil?: number;
  /** Other disclosed values. */
  facts: { label: string; value: string }[];
  /** How many values policy does not disclose. */
  withheld: number;
  /**
   * Values to read elsewhere before an approval counts: `cut` ones are too long for a message and are in its form, `withheld` ones are not
   * for Slack at all. Left out where the message shows everything.
   */
  unread?: { label: string; why: 'cut' | 'withheld' }[];
  why: { policy: string | null; rule: string | null; reasons: string[] };
  /** What happens if nobody decides, in one sentence. */
  otherwise: string;
  /** Seconds since the epoch; null when nothing runs out. */
  expiresAt: number | null;
  stages: MessageStage[];
  /** Which stage is open, from 0. */
  stage: number;
  /** Oldest first. */
  decisions: MessageDecision[];
  controls: {
    /** Whether approving needs a reason; refusing always does. */
    approveReason: 'required' | 'optional';
    mayChange: MessageChangeable[];
    mayReturn: boolean;
    /** The standing approval that policy lets an approver give with this: seconds, how many, exact decimals. Left out where none. */
    mayGrant?: { within: number; uses: number; upTo: string | null; currency: string | null };
    /** Latest time to which it may be extended, seconds since the epoch; null when it may not. */
    extendUntil: number | null;
    /** Doors through which a decision may come; without `slack` the buttons become a link. */
    via: Door[];
  };
  /** The sentence that an approver takes on. */
  responsibility: string;
  /** How requests like this one were decided lately; null when nobody counted. */
  lately: { approved: number; refused: number; days: number } | null;
  limitsLeft: { label: string; left: string; max: string }[];
  alike: MessageAlike[];
  /** People who could not be reached, escalations, extensions, a freeze: each one sentence, newest last. */
  notes: string[];
  /** The look back at a break-glass release. */
  review: { dueAt: number; reviewers: string[]; result: string | null } | null;
  /** `https://…/console/…` of this action; null when there is no console. */
  consoleUrl: string | null;
  /** Hash of the newest record. */
  receipt: string | null;
  /** Who is told: channels as policy writes them (`#finance-approvals`), directory ids of people who get a direct message. */
  audience: {
    channels: string[];
    people: string[];
    /** Everyone who is asked now, individually or in a channel. Whether each can be reached is looked up. */
    asked?: string[];
  };
}
