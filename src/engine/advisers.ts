/** The port to advisers, the owner's reviewing services. */
import type { AdviceFact, JsonObject } from '../contract/index.ts';

/** What an adviser is asked about. */
export interface AdviceQuestion {
  /** Stays the same when the same action is asked about again. */
  messageId: string;
  body: JsonObject;
}

/** `why` says why no answer came. */
export type AdviceAnswer = Pick<AdviceFact, 'answer' | 'reason' | 'why'>;

export interface Advisers {
  /** Never throws, and takes no longer than its settings say. */
  ask(tenant: string, name: string, question: AdviceQuestion): Promise<AdviceAnswer>;
}
