/** Tells failures that may pass from those that come back on every try. */
import { ApplicationFailure } from '@temporalio/common';
import { isCountersignError } from '../contract/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { SilentPolicy } from './programs.ts';

const REPEATS = 'judging this request fails the same way every time; the operator finds the error in the log';

/**
 * What is wrong with a request whose judging or sealing failed for good, in words for its record; null where another try may pass.
 *
 * A database, signer or network comes back. A verdict that is too large for the log stays too large, and a bug in our code fails again on
 * the same values.
 */
export function lastingFault(error: unknown): string | null {
  if (error instanceof ApplicationFailure) return null;
  if (error instanceof SilentPolicy) return error.message;
  if (isEvidenceError(error) && error.reason === 'envelope-too-large')
    return `its record cannot be sealed: ${error.message}`;
  if (isCountersignError(error)) return null;
  const programming = error instanceof RangeError || (error instanceof TypeError && error.cause === undefined);
  // `fetch` throws a TypeError where the network fails.
  return programming && !/fetch failed|terminated/.test(error.message) ? REPEATS : null;
}

/** The same for a step that a message asked for: the sender gets a refusal, and nothing is retried. */
export function asRefusalForGood(error: unknown): unknown {
  const fault = lastingFault(error);
  if (fault === null) return error;
  return ApplicationFailure.nonRetryable(fault, isCountersignError(error) ? 'body-too-large' : 'internal');
}
