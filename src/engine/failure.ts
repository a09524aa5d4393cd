import { ApplicationFailure } from '@temporalio/activity';

/** A non-retryable failure. `type` is the code that its reader goes by. */
export const nonRetryable = (message: string, type: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, type);
