import type { Mode, Status, VerdictDecision } from '../contract/index.ts';

/** One governed action. Times are RFC 3339 UTC; amounts are exact decimals in the places of their currency. */
export interface ActionFact {
  tenant: string;
  action: string;
  /** Positions in the log of its first and its newest record. */
  firstIndex: number;
  lastIndex: number;
  askedAt: string;
  /** When a person approved or refused it last. */
  decidedAt: string | null;
  releasedAt: string | null;
  redeemedAt: string | null;
  endedAt: string | null;
  /** Until when people may decide, extensions included; null where nobody was asked. */
  expiresAt: string | null;
  /** For a break-glass release: when its review is due, and when it was reviewed. */
  reviewDueAt: string | null;
  reviewedAt: string | null;
  surface: string;
  verb: string;
  actor: string;
  actorType: string;
  /** The person it was asked for: the end of the actor's chain. */
  requester: string;
  resource: string | null;
  folder: string | null;
  /** Of the first verdict. */
  decision: VerdictDecision;
  basis: string;
  mode: Mode;
  policy: string | null;
  rule: string | null;
  bundle: string | null;
  status: Status;
  releaseBasis: string | null;
  /** Who decided last. */
  approver: string | null;
  via: string | null;
  /** In whose name somebody else decided last. */
  delegatedFrom: string | null;
  /** Somebody gave it more time. */
  extended: boolean;
  /** A person, or policy, changed the request before its release. */
  changed: boolean;
  /** From the request to a person's decision, in milliseconds. */
  waitMs: number | null;
  amount: string | null;
  amountApproved: string | null;
  amountReleased: string | null;
  amountExecuted: string | null;
  /** True for an amount that policy does not disclose. */
  amountUndisclosed: boolean;
  currency: string | null;
  reason: string | null;
  reference: string | null;
  /** Everybody on the actor's side, everybody who was asked to decide or review, and who decided; sorted. */
  involved: string[];
  /** Approvers of the stage that is open; empty where nobody is asked. */
  awaited: string[];
  /** An approver asked a question that waits for an answer. */
  returned: boolean;
}
