import type { ApprovalState, ApprovalEffect } from '../approval/types.ts';
import type { Action } from '../contract/action.ts';

export interface TellInput {
  action: Action;
  approval: ApprovalState | null;
  effects: ApprovalEffect[];
  /** The last announced status; null the first time. */
  was: Action['status'] | null;
  /** What happened to a break-glass review, for the thread. */
  review: 'reminder' | 'review_overdue' | 'reviewed' | null;
  /** Names the publication, the same in every attempt. Older workflows leave it out, and their publications are one activity each. */
  publication?: string;
  /** The workflow calls again if people are to be told later; older workflows do not. */
  comesAgain?: true;
}

export interface TellResult {
  unreachable: string[];
  /** Nobody was told yet: the action is announced with others at this time, in milliseconds since the epoch. */
  later?: number;
  /** Attestation that this worker could not reach them, which nobody else can make. */
  attested?: string;
  /** The announced state of the action; left out by older workers, and where nobody is notified. */
  told?: Action['status'];
}

/** What changed since the last webhook. */
export type WebhookChange = Pick<TellInput, 'effects' | 'review' | 'was'>;

export interface CallbackInput {
  action: Action;
  /** `webhook-id`: the same for every attempt to send one change. */
  messageId: string;
  /** Left out by older workflows. */
  news?: WebhookChange;
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
  news: WebhookChange;
}
