import { ApplicationFailure } from '@temporalio/activity';

/** A non-retryable failure. Readers switch on `type`. */
export const nonRetryable = (message: string, type: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, type);
