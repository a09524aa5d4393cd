/** The failures that Temporal sees. Other people's histories get our ids and nothing else. */
import type { Action, CountersignError } from '@countersign/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/** A benign retry. It holds no slot, the history does not grow, and Temporal’s UI shows who is awaited and until when. */
export function waiting(action: Action, attempt: number, longest: number): ApplicationFailure {
  const { approval, id } = action;
  const people = approval?.stages[approval.stage]?.approvers.join(', ') ?? 'a verdict';
  const until = approval === null ? '' : ` until ${approval.expiresAt}`;
  return ApplicationFailure.create({
    message: `waiting for ${people}${until} (${id})`,
    type: 'CountersignWaiting',
    nextRetryDelay: Math.min(longest, 1000 * 2 ** Math.min(attempt - 1, 20)),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Approved, and held by policy so that it can be withdrawn: the retry comes when that is over. */
export function held(error: CountersignError): ApplicationFailure {
  const left = Date.parse(String(error.problem?.['notBefore'])) - Date.now();
  return ApplicationFailure.create({
    message: error.message,
    type: 'CountersignHeld',
    nextRetryDelay: Number.isNaN(left) ? 60_000 : Math.max(1000, left),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** A refusal that no retry changes. */
export function refused(
  message: string,
  action: Action | null = null,
  type = 'CountersignRefused',
): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type,
    nonRetryable: true,
    details: action === null ? [] : [{ action: action.id, status: action.status }],
  });
}

/** The engine does not answer. Nothing runs, and Temporal retries. */
export function unavailable(cause: Error): ApplicationFailure {
  return ApplicationFailure.create({ message: cause.message, type: 'CountersignUnavailable', cause });
}
