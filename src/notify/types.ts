import type { ApprovalState, ApprovalEffect } from '../approval/types.ts';
import type { Action } from '../contract/action.ts';

export interface PublishInput {
  action: Action;
  approval: ApprovalState | null;
  effects: ApprovalEffect[];
  /** The status that was told of last; null the first time. */
  was: Action['status'] | null;
  /** What happened to a break-glass review, for the thread. */
  review: 'reminder' | 'review_overdue' | 'reviewed' | null;
  /** Names it, the same in every attempt. Left out by workflows of before, of which each publication is one activity. */
  publication?: string;
}

export interface Published {
  unreachable: string[];
  /** That this worker could not tell them, attested: nobody else can say so. */
  attested?: string;
  /** How the action stood that people were told of; left out by workers of before, and where nobody is told. */
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
