/** What Temporal throws, in the contract's words. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { CountersignError, ERROR_CODES, isCountersignError, type ErrorCode } from '../contract/index.ts';
import type { Refusal } from '../engine/types.ts';

export const isAlreadyStarted = (error: unknown): boolean => error instanceof WorkflowExecutionAlreadyStartedError;

/** gRPC's INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

/** Whether Temporal rejects what it was sent, for example when the namespace lacks a search attribute. */
export function isInvalid(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === INVALID_ARGUMENT) || isInvalid(error.cause);
}

/** gRPC's RESOURCE_EXHAUSTED. */
const RESOURCE_EXHAUSTED = 8;

/** How Temporal's server names an update that its worker left out of its answer: while a task's heartbeat crosses with it, for example. */
const UNPROCESSED = 'UnprocessedUpdate';

/**
 * Whether Temporal took nothing in, because as many messages to this action are under way as it allows (ten), or because its worker skipped this one.
 */
export function isUntaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === RESOURCE_EXHAUSTED) return true;
  return (error instanceof ApplicationFailure && error.type === UNPROCESSED) || isUntaken(error.cause);
}

const isCode = (value: string | null | undefined): value is ErrorCode =>
  typeof value === 'string' && value in ERROR_CODES;

/** What the engine refused. */
export const fromRefusal = ({ code, message }: Refusal): CountersignError =>
  new CountersignError(isCode(code) ? code : 'internal', message);

/** The refusal inside a failed update, or that the engine does not answer. */
export function fromTemporal(error: unknown): CountersignError {
  // One of our errors, for example because the engine is known to be down.
  if (isCountersignError(error)) return error;
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    if (isCode(type)) return new CountersignError(type, message);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CountersignError('not-open', 'this action is closed; nothing was changed');
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new CountersignError(
      'unavailable',
      'the engine did not answer in time; look at the action again before repeating this',
      { cause: error },
    );
  }
  return new CountersignError('unavailable', 'the workflow engine does not answer; nothing was released. try again', {
    cause: error,
  });
}
