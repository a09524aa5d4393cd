/** What says that the database cannot be asked now. */
import { CountersignError } from '../contract/index.ts';

/** SQLSTATE classes that say the server cannot answer now, not that the question was wrong. */
const UNAVAILABLE_STATES = /^(08|53|57P|58)|^(25006|25P03|55000)$/;
/** A statement that was cancelled: it took too long, or an administrator ended it. The server is well. */
const CANCELLED_STATE = '57014';
/** As many are connected as the server lets in. Its operator can mend that, if told. */
const FULL_STATE = '53300';
const UNAVAILABLE_MESSAGES =
  /connection terminated|timeout exceeded|connection ended|not queryable|connection error|cached plan/i;

/** True when the database could not be asked, or died while it answered: whether a write happened is then unknown. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof CountersignError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNAVAILABLE_STATES.test(code) || /^E[A-Z]+$/.test(code) || UNAVAILABLE_MESSAGES.test(error.message);
}

/**
 * Maps every failure to reach the database to one error that fails closed, and a cancelled statement to another. Other errors stay as they
 * are.
 */
export function translated(error: unknown): unknown {
  if (error instanceof CountersignError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === CANCELLED_STATE) {
    return new CountersignError(
      'unavailable',
      'the database gave this question up before it was answered; nothing was released. try again, or ask for less at once',
      { cause: error },
    );
  }
  if (!isUnavailable(error)) return error;
  const why =
    code === FULL_STATE
      ? 'the database has no connection to spare; nothing was released. try again. its operator raises `max_connections` (docs/operations.md)'
      : 'the database cannot be reached; nothing was released. try again';
  return new CountersignError('unavailable', why, { cause: error });
}
