'use strict';
/**
 * How failures are written into histories: their messages and stacks as payloads, which the codec encrypts. A refusal of ours stays in
 * clear, without its stack: it says by rule no value and no secret, and whoever started an action through an SDK of their own has no codec
 * to read it with. So does what a Nexus operation answers: a caller that could not read it would try its workflow task for ever. CommonJS, because Temporal's SDK requires it by its path, in a process that runs our sources as they are too.
 */
const { ActivityFailure, ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');
const { HandlerError } = require('nexus-rpc');

/** As our error codes are written; names of errors of the language and of libraries are not. */
const CODE = /^[a-z]+(-[a-z]+)*$/;

const isRefusal = (error) =>
  error instanceof ApplicationFailure && error.nonRetryable === true && CODE.test(error.type ?? '');

/** What only says that an activity failed with a refusal. */
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
