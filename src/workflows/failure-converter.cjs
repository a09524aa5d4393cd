'use strict';
/**
 * How failures are written into histories: their messages and stacks as payloads, which the codec encrypts. What a failure is called
 * (`type`) stays in clear, for callers of other SDKs act on it. CommonJS, because Temporal's SDK requires it by its path, in a process that
 * runs our sources as they are too.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
