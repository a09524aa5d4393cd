import { ApplicationFailure } from '@temporalio/activity';

/** A failure that no retry mends, so Temporal does not try again. `type` is the code that its reader goes by. */
export const nonRetryable = (message: string, type: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, type);
