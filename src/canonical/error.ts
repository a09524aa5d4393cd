/** What is wrong with a value that has no canonical form. Stable: callers branch on it. */
export type CanonicalErrorCode =
  | 'unsupported-value'
  | 'non-finite-number'
  | 'lone-surrogate'
  | 'non-plain-object'
  | 'too-deep'
  | 'cycle'
  | 'malformed-utf8'
  | 'malformed-hex'
  | 'malformed-base64'
  | 'malformed-decimal'
  | 'too-many-digits';

/** Thrown by this room only, for input that is not what it must be. The message holds no part of the input. */
export class CanonicalError extends Error {
  readonly code: CanonicalErrorCode;

  constructor(code: CanonicalErrorCode, message: string) {
    super(message);
    this.name = 'CanonicalError';
    this.code = code;
  }
}

/** True for a {@link CanonicalError}, also one that crossed a bundle or realm boundary. */
export function isCanonicalError(value: unknown): value is CanonicalError {
  return value instanceof Error && value.name === 'CanonicalError' && 'code' in value;
}
