/** What of a failure stands in a history in clear: refusals of ours, and nothing else. */
import { createRequire } from 'node:module';
import {
  ActivityFailure,
  ApplicationFailure,
  defaultPayloadConverter,
  type FailureConverter,
  type ProtoFailure,
} from '@temporalio/common';
import { HandlerError } from 'nexus-rpc';
import { expect, it } from 'vitest';

const { failureConverter } = createRequire(import.meta.url)('../../src/workflows/failure-converter.cjs') as {
  failureConverter: FailureConverter;
};

const SECRET = 'IBAN DE89 3704 0044 0532 0130 00';
const refusal = ApplicationFailure.nonRetryable('the request cannot be accepted at /params/amount', 'invalid-request');
const activity = (cause: Error): ActivityFailure =>
  new ActivityFailure('Activity task failed', 'judge', '1', 'NON_RETRYABLE_FAILURE', 'worker', cause);

const written = (error: unknown): ProtoFailure => failureConverter.errorToFailure(error, defaultPayloadConverter);

it.each<[string, Error]>([
  ['an error of the language', new TypeError(SECRET)],
  ['any other', new Error(SECRET)],
  ['one that may pass', ApplicationFailure.retryable(SECRET, 'unavailable')],
  ['one that a library names', ApplicationFailure.nonRetryable(SECRET, 'PostgresError')],
  ['one without a name', ApplicationFailure.nonRetryable(SECRET)],
  ['an activity that failed with it', activity(new TypeError(SECRET))],
])('%s is written as a payload, with its stack', (_, error) => {
  for (let failure: ProtoFailure | null | undefined = written(error); failure != null; failure = failure.cause) {
    expect([failure.message, failure.stackTrace]).toEqual(['Encoded failure', '']);
    expect(failure.encodedAttributes).not.toBeNull();
  }
});

it.each<[string, Error]>([
  ['a refusal', refusal],
  ['an activity that failed with one', activity(refusal)],
])('%s is written in clear, without a stack', (_, error) => {
  for (let failure: ProtoFailure | null | undefined = written(error); failure != null; failure = failure.cause) {
    expect([failure.stackTrace, failure.encodedAttributes ?? null]).toEqual(['', null]);
    expect(failure.message).not.toBe('Encoded failure');
  }
});

it.each<[string, Error, string | undefined]>([
  [
    'what is wrong with its input',
    new HandlerError('BAD_REQUEST', refusal.message, { cause: refusal }),
    refusal.message,
  ],
  ['that it failed', new HandlerError('INTERNAL', undefined, { cause: new TypeError(SECRET) }), undefined],
  [
    'what is no refusal',
    new HandlerError('BAD_REQUEST', 'it failed', { cause: ApplicationFailure.nonRetryable(SECRET) }),
    undefined,
  ],
])('a Nexus operation answers %s in clear, and nothing of others', (_, error, cause) => {
  const failure = written(error);
  expect(JSON.stringify(failure)).not.toContain(SECRET);
  expect([failure.message, failure.stackTrace, failure.encodedAttributes ?? null]).toEqual([error.message, '', null]);
  expect(failure.cause?.message).toBe(cause);
});

it.each<[string, Error]>([
  ['a refusal', refusal],
  ['another failure', ApplicationFailure.retryable(SECRET, 'unavailable')],
])('%s is read as it was', (_, error) => {
  const { message } = failureConverter.failureToError(written(error), defaultPayloadConverter);
  expect(message).toBe(error.message);
});
