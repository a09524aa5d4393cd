import type { ApprovalState, ApprovalEffect } from '../approval/types.ts';
import type { Action } from '../contract/action.ts';

export interface PublishInput {
  action: Action;
  approval: ApprovalState | null;
  effects: ApprovalEffect[];
  /** The last announced status; null the first time. */
  was: Action['status'] | null;
  /** What happened to a break-glass review, for the thread. */
  review: 'reminder' | 'review_overdue' | 'reviewed' | null;
  /** Names the publication, the same in every attempt. Older workflows leave it out, and their publications are one activity each. */
  publication?: string;
  /** The workflow comes again when it is to be told later; older ones do not. */
  comesAgain?: true;
}

export interface Published {
  unreachable: string[];
  /** Nobody was told yet: it is to be told with others, then, in milliseconds since the epoch. */
  later?: number;
  /** That this worker could not tell them, attested: nobody else can say so. */
  attested?: string;
  /** The announced state of the action; left out by older workers, and where nobody is notified. */
  told?: Action['status'];
}

/** What happened since the last time, for those who are told by webhook. */
export type WebhookChange = Pick<PublishInput, 'effects' | 'review' | 'was'>;

export interface CallbackInput {
  action: Action;
  /** `webhook-id`: the same for every attempt to tell of one change. */
  messageId: string;
  /** Left out by workflows that began before it was told. */
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
