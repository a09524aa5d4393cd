/** The doors of AuthZEN (docs/authzen.md). */
import type {
  AccessRequest,
  AccessTask,
  AuthzenDecision,
  AuthzenQuestion,
  AuthzenQuestions,
} from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';

/** Answers questions of AuthZEN. */
export interface Authzen {
  /**
   * @param idempotencyKey the same key and question get the same answer until an outcome is reported; without one each question is a new one
   * @throws CountersignError `invalid-request` · `forbidden` where the credential does not reach the surface · `unavailable`
   */
  authzenEvaluation(caller: Caller, question: AuthzenQuestion, idempotencyKey?: string): Promise<AuthzenDecision>;
  /** Answers several questions in order. A question that cannot be read is denied by itself. */
  authzenEvaluations(caller: Caller, questions: AuthzenQuestions, idempotencyKey?: string): Promise<AuthzenDecision[]>;
}

/** Access requests of AuthZEN; each throws `not-found` where the stack does not offer them. */
export interface AccessRequests {
  /**
   * Asks the people whom policy names. The same key and body, or the same denial, is the same task.
   *
   * @throws CountersignError `not-requestable` · `invalid-denial-binding` · `expired-denial` · `duplicate-request`
   */
  requestAccess(caller: Caller, input: AccessRequest, idempotencyKey: string | undefined): Promise<AccessTask>;
  /** @throws CountersignError `unknown-task` */
  accessTask(caller: Caller, id: string): Promise<AccessTask>;
  /** @throws CountersignError `unknown-task` · `invalid-task-state` */
  cancelAccess(caller: Caller, id: string): Promise<AccessTask>;
}
