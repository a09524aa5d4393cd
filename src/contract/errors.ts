/**
 * The one error that Countersign throws on purpose, with a stable code for callers that branch on it.
 *
 * `code` is the last path segment of the problem `type` (RFC 9457 section 3.1.1); `status` is the HTTP status the api room
 * answers with. `message` is written for a person: what happened, then what to do next. It carries no secret.
 */
export const ERROR_CODES = {
  'malformed-json': 400,
  'invalid-request': 400,
  'idempotency-key-missing': 400,
  'not-requestable': 400,
  'invalid-denial-binding': 400,
  unauthenticated: 401,
  forbidden: 403,
  'action-refused': 403,
  'not-an-approver': 403,
  'own-request': 403,
  'not-shown-whole': 403,
  'already-decided': 403,
  'door-closed': 403,
  'passkey-invalid': 403,
  'permit-expired': 403,
  'permit-held': 403,
  'permit-invalid': 403,
  'permit-audience': 403,
  'permit-request-differs': 403,
  frozen: 403,
  'not-found': 404,
  'unknown-task': 404,
  'method-not-allowed': 405,
  'not-open': 409,
  'permit-already-redeemed': 409,
  'permit-not-redeemed': 409,
  'outcome-already-reported': 409,
  conflict: 409,
  'duplicate-request': 409,
  'invalid-task-state': 409,
  'expired-denial': 410,
  'body-too-large': 413,
  'idempotency-key-reused': 422,
  'invalid-policy': 422,
  'invalid-evidence': 422,
  'reason-required': 422,
  'change-not-allowed': 422,
  'rate-limited': 429,
  internal: 500,
  unavailable: 503,
  configuration: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One thing wrong with an input. `pointer` is an RFC 6901 JSON Pointer into the body. */
export interface ErrorItem {
  pointer: string;
  detail: string;
}

export interface ErrorOptions {
  cause?: unknown;
  errors?: ErrorItem[];
  /** Members added to the problem document, for example `receipt`. Never a secret. */
  extensions?: Record<string, unknown>;
}

export class CountersignError extends Error {
  readonly code: ErrorCode;
  readonly errors: ErrorItem[];
  readonly extensions: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CountersignError';
    this.code = code;
    this.errors = options.errors ?? [];
    this.extensions = options.extensions ?? {};
  }

  get status(): number {
    return ERROR_CODES[this.code];
  }
}

/** True for a {@link CountersignError}, also one that crossed a bundle or realm boundary. */
export function isCountersignError(value: unknown): value is CountersignError {
  return value instanceof Error && value.name === 'CountersignError' && 'code' in value;
}
