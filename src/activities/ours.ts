/** Which callers an activity obeys. */
import { ApplicationFailure } from '@temporalio/activity';
import type { ArrivedInClear } from '../contract/governed-action.ts';

/**
 * A step that tells people, or that looks after many actions, is scheduled, so its input crosses the network: encrypted where one of our
 * workflows sent it. An input in clear was sent by somebody else. They could not make it say anything that is not in the records, but could repeat
 * messages, or use up the message id of a later one.
 */
export const ours =
  <In, Out>(step: (input: In) => Promise<Out>): ((input: In) => Promise<Out>) =>
  (input) => {
    if (isOurs(input)) return step(input);
    throw notOurs();
  };

const isOurs = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && Object.getPrototypeOf(input) === Object.prototype && !isClear(input);
const isClear = (input: ArrivedInClear): boolean => input.arrivedInClear === true;

export const notOurs = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable('only a workflow of this engine asks for this, with an encrypted input', 'forbidden');
