/** What happens to one action of a seeded history, before the engine has seen it. */
import type { ActionRequest, JsonObject } from '../../src/contract/index.ts';

/** What becomes of an action that was released: times are milliseconds after its release. */
export type Ending =
  | { redeemed: number; reported: number; status: 'executed' | 'failed' }
  /** Nobody comes for it. */
  | 'uncollected'
  /** Somebody redeems it, and never says what became of it. */
  | 'unreported';

/** A person's word. */
export interface Word {
  by: string;
  decision: 'approve' | 'refuse';
  reason: string;
  /** Milliseconds after it was asked for. */
  after: number;
  changes?: JsonObject;
}

export interface PlannedAction {
  /** Idempotency key. */
  key: string;
  /** Milliseconds since the epoch. */
  askedAt: number;
  request: ActionRequest;
  /** The person who asks in their own name; everything else is asked for with a key. */
  asker?: { id: string; roles: string[]; groups: string[] };
  /** Null where nobody decides: it expires if policy asks people. */
  word: Word | null;
  ending: Ending;
  /** The anomaly that it is a part of. */
  planted?: string;
}
