import type { Door, PlanDecision } from '../../contract/index.ts';
import type { PlanDecided, PlanView } from '../../contract/views/index.ts';
import type { Caller } from '../../identity/index.ts';
import type { SlackEvidence } from '../inputs.ts';

/** Several steps that are reviewed as one. */
export interface Plans {
  /**
   * Starts the plan, or finds it by its key. Answers when every step has its verdict, or after `waitMs` where people are asked.
   *
   * @throws CountersignError `invalid-request` with pointers into the plan, and nothing of it was begun; `idempotency-key-reused`
   */
  submitPlan(caller: Caller, body: unknown, idempotencyKey: string | undefined, waitMs: number): Promise<PlanView>;
  /**
   * Adds the next steps to an open plan, or finds them: reviewed when they come, and bound to those before them.
   *
   * @throws CountersignError `not-found` · `forbidden` · `not-open` where it was reviewed as a whole, or ended · `conflict` where it has
   *   fewer steps, or others were reviewed there
   */
  addSteps(caller: Caller, id: string, body: unknown, waitMs: number): Promise<PlanView>;
  /** The current plan. While people are asked, it answers after `waitMs` at the latest. @throws CountersignError `not-found` */
  plan(caller: Caller, id: string, waitMs: number): Promise<PlanView>;
  /**
   * Decides all steps that wait for this person, or some of them. Each gets an ordinary decision.
   *
   * @throws CountersignError as `decide` would, where it counts for none of them
   */
  decidePlan(
    caller: Caller,
    id: string,
    input: PlanDecision,
    door: Door,
    evidence?: (action: string) => SlackEvidence | undefined,
  ): Promise<PlanDecided>;
  /** Withdraws every step that nobody began. @throws CountersignError `not-found` · `forbidden` · `not-open` */
  cancelPlan(caller: Caller, id: string, reason: string | undefined): Promise<PlanView>;
}
