/** Which failures of a step are worth another try, and which come back every time. */
import { ApplicationFailure } from '@temporalio/common';
import { isCountersignError } from '../contract/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { SilentPolicy } from './programs.ts';

const REPEATS = 'judging this request fails the same way every time; the operator finds the error in the log';

/**
 * What is wrong with a request whose judging or sealing failed for good, in words for its record; null where another try may pass.
 *
 * A database, a signer or a network that is away comes back. A verdict that is too large for the log stays too large, and a fault of
 * our own code in values that do not change stays one.
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

/** The same failure for a step that is asked by a message: its sender is told, and it is not tried again. */
export function asRefusalForGood(error: unknown): unknown {
  const fault = lastingFault(error);
  if (fault === null) return error;
  return ApplicationFailure.nonRetryable(fault, isCountersignError(error) ? 'body-too-large' : 'internal');
}
