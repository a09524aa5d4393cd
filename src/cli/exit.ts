/** Exit codes (contract section 7). */
import { type ErrorCode, type Status, ERROR_CODES } from '../contract/index.ts';

export const EXIT = {
  /** Approved or valid. */
  ok: 0,
  /** Something failed: a dependency, the network, this program. */
  fault: 1,
  /** The command was not understood. */
  usage: 2,
  /** Refused or invalid. */
  refused: 3,
  /** Expired or still waiting. */
  waiting: 4,
} as const;

/** Added to the exit codes of `run` while nothing was released: all others are those of the command that it executes. */
export const BEFORE_RELEASE = 120;

/** The exit code of a command that asked for an action. */
export function exitOfStatus(status: Status): number {
  switch (status) {
    case 'released':
    case 'executed':
      return EXIT.ok;
    case 'refused':
    case 'cancelled':
      return EXIT.refused;
    case 'evaluating':
    case 'supervised':
    case 'expired':
      return EXIT.waiting;
    // Released, but the effect did not happen, or nobody knows.
    case 'failed':
    case 'skipped':
    case 'unreported':
    case 'lapsed':
      return EXIT.fault;
  }
}

/** The exit code of a command that failed. */
export function exitOfError(code: ErrorCode): number {
  switch (code) {
    case 'not-found':
    case 'idempotency-key-reused':
    case 'reason-required':
    case 'body-too-large':
      return EXIT.usage;
    default: {
      const status = ERROR_CODES[code];
      if (status === 400) return EXIT.usage;
      return status === 403 || status === 409 || status === 422 ? EXIT.refused : EXIT.fault;
    }
  }
}
