import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { Refusal } from '../engine/types.ts';

/** A refusal as the sender of an update sees it; its `type` is the contract's error code. */
export function refusalFailure(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal.message, refusal.code);
}

/** A non-retryable refusal of an activity becomes the workflow's refusal with the same code. Other errors stay unchanged. */
export function asRefusal(error: unknown): never {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof ApplicationFailure && cause.nonRetryable === true) {
    throw refusalFailure({ code: cause.type ?? 'invalid-request', message: cause.message });
  }
  throw error;
}
