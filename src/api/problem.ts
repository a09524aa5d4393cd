/** The only maker of problem documents (RFC 9457). Internal detail never leaves: an unexpected error says only its id. */
import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, Response } from 'express';
import { CountersignError, isCountersignError, type ErrorCode } from '../contract/index.ts';
import { requestId } from './request-id.ts';

export const PROBLEM_TYPE_PREFIX = 'urn:countersign:problem:';

/** Codes whose type a standard has named: AuthZEN's Access Request and Approval Profile. */
const ACCESS_REQUEST_CODES: readonly ErrorCode[] = [
  'not-requestable',
  'invalid-denial-binding',
  'expired-denial',
  'duplicate-request',
  'unknown-task',
  'invalid-task-state',
];

const typeOf = (code: ErrorCode): string =>
  ACCESS_REQUEST_CODES.includes(code)
    ? `urn:openid:authzen:access-request:error:${code.replaceAll('-', '_')}`
    : PROBLEM_TYPE_PREFIX + code;

export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: { pointer: string; detail: string }[];
  [extension: string]: unknown;
}

export interface ErrorLog {
  error(fields: object, message: string): void;
}

const titleOf = (code: ErrorCode): string => (code.charAt(0).toUpperCase() + code.slice(1)).replaceAll('-', ' ');

/** Seconds after which an answer of 503 is worth another try, where nothing better is known. */
const RETRY_AFTER_S = 1;

export function toProblem(error: CountersignError): ProblemDetails {
  return {
    ...(error.status === 503 ? { retryAfter: RETRY_AFTER_S } : {}),
    ...error.extensions,
    type: typeOf(error.code),
    title: titleOf(error.code),
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
  };
}

export function sendProblem(response: Response, error: CountersignError): void {
  const id = requestId();
  const problem: ProblemDetails = { ...toProblem(error), ...(id === undefined ? {} : { requestId: id }) };
  const { retryAfter } = problem;
  if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(retryAfter));
  if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="countersign"');
  response.status(error.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** Maps errors of body-parser and the router to the contract's codes. */
function fromHttpError(error: unknown): CountersignError | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const type = 'type' in error ? String(error.type) : '';
  switch (type) {
    case 'entity.parse.failed':
      return new CountersignError(
        'malformed-json',
        'the body is not JSON; send one JSON object with content-type application/json',
      );
    case 'entity.too.large':
      return new CountersignError(
        'body-too-large',
        `the body is larger than ${'limit' in error ? Number(error.limit) / 1024 : 256} KiB; keep large payloads elsewhere and send their hash`,
      );
    case 'charset.unsupported':
    case 'encoding.unsupported':
    case 'request.size.invalid':
    case 'request.aborted':
      return new CountersignError('invalid-request', 'the body could not be read; send UTF-8 JSON, uncompressed');
    default:
      return typeof error.status === 'number' && error.status < 500
        ? new CountersignError('invalid-request', 'the request could not be read; check its path and its headers')
        : null;
  }
}

export function problemHandler(log: ErrorLog): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = isCountersignError(error) ? error : fromHttpError(error);
    if (known !== null) {
      if (known.status >= 500) log.error({ err: error, path: request.path }, 'request failed');
      sendProblem(response, known);
      return;
    }
    const incident = randomUUID();
    log.error({ err: error, incident, path: request.path }, 'unexpected error');
    sendProblem(
      response,
      new CountersignError(
        'internal',
        `something failed here; nothing was released. tell the operator incident ${incident}`,
        {
          extensions: { incident },
        },
      ),
    );
  };
}
