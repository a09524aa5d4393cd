/** Asking the owner's own reviewers. */
import type { AdviceFact, JsonObject } from '../contract/index.ts';

/** What an adviser is asked about. */
export interface AdviceQuestion {
  /** The same each time it is asked about the same action. */
  messageId: string;
  body: JsonObject;
}

/** `why`: none came, and why not. */
export type AdviceAnswer = Pick<AdviceFact, 'answer' | 'reason' | 'why'>;

export interface Advisers {
  /** Never throws, and takes no longer than its settings say. */
  ask(tenant: string, name: string, question: AdviceQuestion): Promise<AdviceAnswer>;
}
