import type { Problem } from './types.ts';

/** Codes of failures on this side of the wire. All others are the server's, as `code` of its problem documents. */
export type LocalCode = 'unreachable' | 'timeout' | 'aborted' | 'not-countersign' | 'configuration';

export interface ErrorDetails {
  status?: number;
  requestId?: string;
  problem?: Problem;
  cause?: unknown;
}

/** The one error of this package. `message` says what happened and what to do next; branch on `code`. */
export class CountersignError extends Error {
  /** A {@link LocalCode}, or the server's, such as `permit-already-redeemed`. */
  readonly code: LocalCode | (string & {});
  /** The HTTP status, or null where there was no answer. */
  readonly status: number | null;
  /** The id by which the operator finds the request. */
  readonly requestId: string | null;
  /** The server's problem document (RFC 9457), whole. */
  readonly problem: Problem | null;

  constructor(code: string, message: string, { status, requestId, problem, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CountersignError';
    this.code = code;
    this.status = status ?? null;
    this.requestId = requestId ?? null;
    this.problem = problem ?? null;
  }

  /** Seconds after which the server asks to be asked again, or null. */
  get retryAfter(): number | null {
    const seconds = this.problem?.['retryAfter'];
    return typeof seconds === 'number' ? seconds : null;
  }
}

/** Thrown by `execute`: it decided not to act, as where the resource is no longer what was judged. Nothing happened. */
export class Skip extends Error {
  override readonly name = 'Skip';
}

/**
 * Thrown by `execute`: whether the effect happened is not known. Nothing is reported then, so that the action shows as `unreported` until
 * an owner has looked and settles it.
 */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}
