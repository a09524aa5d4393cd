/** The caller's key for one action, in both spellings of the field (draft-ietf-httpapi-idempotency-key-header). */
import { CountersignError } from './errors.ts';

/** Opaque text, so that any scheme of the caller's fits. */
const KEY = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;

/** A String of RFC 9651 section 3.3.3: printable ASCII in quotes; only quote and backslash are escaped. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The key that the lines of `Idempotency-Key` say. `"k"`, as the draft writes it, and the bare `k` are the same key.
 *
 * @throws CountersignError `idempotency-key-missing` · `invalid-request` for a key that stands twice, or is none
 */
export function readIdempotencyKey(lines: readonly string[]): string {
  const [line = '', ...more] = lines;
  if (more.length > 0) {
    throw new CountersignError('invalid-request', 'the header Idempotency-Key stands twice; send one key per action');
  }
  const text = line.trim();
  return checkKey(text.startsWith('"') ? unquoted(text) : text);
}

/** A key without its quotes. @throws CountersignError `idempotency-key-missing` · `invalid-request` */
export function checkKey(key: string): string {
  if (key === '') {
    throw new CountersignError(
      'idempotency-key-missing',
      'the header Idempotency-Key is missing; send one unique text per action, the same one when you repeat it',
    );
  }
  if (key.length <= 255 && KEY.test(key)) return key;
  throw unreadable();
}

function unquoted(text: string): string {
  const inside = QUOTED.exec(text)?.[1];
  if (inside === undefined) throw unreadable();
  return inside.replaceAll(/\\(["\\])/g, '$1');
}

const unreadable = (): CountersignError =>
  new CountersignError(
    'invalid-request',
    'the Idempotency-Key is 1 to 255 printable ASCII characters, bare or in quotes',
  );
