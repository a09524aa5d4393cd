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
  | 'malformed-json'
  | 'duplicate-name'
  | 'inexact-number'
  | 'null-character'
  | 'too-many-digits';

/** Thrown by this room only, for input that is not what it must be. The message holds no part of the input. */
export class CanonicalError extends Error {
  readonly code: CanonicalErrorCode;
  /** RFC 6901 JSON Pointer to what is wrong, where a JSON text was read; names of the input stand in it. */
  readonly pointer: string;

  constructor(code: CanonicalErrorCode, message: string, options: { cause?: unknown; pointer?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CanonicalError';
    this.code = code;
    this.pointer = options.pointer ?? '';
  }
}

/** True for a {@link CanonicalError}, also one that crossed a bundle or realm boundary. */
export function isCanonicalError(value: unknown): value is CanonicalError {
  return value instanceof Error && value.name === 'CanonicalError' && 'code' in value;
}
