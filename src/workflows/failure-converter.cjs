'use strict';
/**
 * How failures are written into histories: their messages and stacks as payloads, which the codec encrypts. A refusal of ours stays in
 * clear, without its stack: it holds no value and no secret, and somebody who starts an action through an SDK of their own has no codec
 * to read it with. The answer of a Nexus operation stays in clear too: a caller that could not read it would retry its workflow task for
 * ever. CommonJS, because Temporal's SDK requires this file by its path, also where our sources run without a build.
 */
const { ActivityFailure, ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');
const { HandlerError } = require('nexus-rpc');

/** The form of our error codes; names of errors of the language and of libraries differ from it. */
const CODE = /^[a-z]+(-[a-z]+)*$/;

const isRefusal = (error) =>
  error instanceof ApplicationFailure && error.nonRetryable === true && CODE.test(error.type ?? '');

/** Failures that only wrap a refusal of an activity. */
const isAboutRefusal = (error) => error instanceof ActivityFailure && isRefusal(error.cause);

class FailureConverter extends DefaultFailureConverter {
  #clear = new DefaultFailureConverter();

  constructor() {
    super({ encodeCommonAttributes: true });
  }

  errorToFailure(error, payloadConverter) {
    if (error instanceof HandlerError) {
      const { cause, ...answer } = this.#clear.errorToFailure(error, payloadConverter);
      return withoutStacks(isRefusal(error.cause) ? { ...answer, cause } : answer);
    }
    if (!isRefusal(error) && !isAboutRefusal(error)) return super.errorToFailure(error, payloadConverter);
    return withoutStacks(this.#clear.errorToFailure(error, payloadConverter));
  }
}

const withoutStacks = (failure) => ({
  ...failure,
  stackTrace: '',
  ...(failure.cause == null ? {} : { cause: withoutStacks(failure.cause) }),
});

exports.failureConverter = new FailureConverter();
