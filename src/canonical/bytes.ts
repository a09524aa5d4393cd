/** Bytes and their text forms, strict in both directions: what decodes encodes back to the same text. */
import { CanonicalError } from './error.ts';
import { nativeBase64, nativeFromBase64 } from './native.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of well-formed text. A lone surrogate becomes U+FFFD: canonical JSON refuses it before. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 bytes. @throws CanonicalError `malformed-utf8` */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CanonicalError('malformed-utf8', 'bytes are not UTF-8 text');
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** True for the same bytes. It takes constant time, for secrets and values derived from them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The value of a digit of checked text. `0` is 48, and `a` is 97. */
const digitAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
};

/** Bytes of lower-case hexadecimal. @throws CanonicalError `malformed-hex` */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new CanonicalError('malformed-hex', 'text is not lower-case hexadecimal');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
  return bytes;
}

interface Alphabet {
  name: string;
  padded: boolean;
  /** ASCII codes by six-bit value. */
  codes: Uint8Array;
  /** Six-bit value by ASCII code, 255 for none. */
  values: Uint8Array;
}

function alphabet({ name, padded, last }: Pick<Alphabet, 'name' | 'padded'> & { last: string }): Alphabet {
  const codes = utf8(`ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`);
  const values = new Uint8Array(128).fill(255);
  codes.forEach((code, value) => (values[code] = value));
  return { name, padded, codes, values };
}

const STANDARD = alphabet({ name: 'base64', last: '+/', padded: true });
const URL_SAFE = alphabet({ name: 'base64url', last: '-_', padded: false });
const PADDING = 61;

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return nativeBase64 === null ? encode(bytes, STANDARD) : nativeBase64(bytes, 'base64');
}

/** Bytes of padded standard base64, its canonical spelling only. @throws CanonicalError `malformed-base64` */
export function fromBase64(text: string): Uint8Array {
  return nativeFromBase64(text, 'base64') ?? decode(text, STANDARD);
}

/** URL-safe base64 without padding (RFC 4648 section 5, RFC 7515 section 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return nativeBase64 === null ? encode(bytes, URL_SAFE) : nativeBase64(bytes, 'base64url');
}

/** Bytes of unpadded URL-safe base64, its canonical spelling only. @throws CanonicalError `malformed-base64` */
export function fromBase64Url(text: string): Uint8Array {
  return nativeFromBase64(text, 'base64url') ?? decode(text, URL_SAFE);
}

function encode(bytes: Uint8Array, { codes, padded }: Alphabet): string {
  const whole = bytes.length - (bytes.length % 3);
  const length = padded ? Math.ceil(bytes.length / 3) * 4 : Math.ceil((bytes.length * 4) / 3);
  const out = new Uint8Array(length).fill(PADDING);
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    out[at++] = codes[bits >> 18] as number;
    out[at++] = codes[(bits >> 12) & 63] as number;
    out[at++] = codes[(bits >> 6) & 63] as number;
    out[at++] = codes[bits & 63] as number;
  }
  if (whole < bytes.length) {
    const bits = ((bytes[whole] as number) << 16) | ((bytes[whole + 1] ?? 0) << 8);
    out[at++] = codes[bits >> 18] as number;
    out[at++] = codes[(bits >> 12) & 63] as number;
    if (whole + 1 < bytes.length) out[at++] = codes[(bits >> 6) & 63] as number;
  }
  return decoder.decode(out);
}

function decode(text: string, { name, padded, values }: Alphabet): Uint8Array {
  const fail = (): never => {
    throw new CanonicalError('malformed-base64', `text is not ${name} in its canonical spelling`);
  };
  let length = text.length;
  if (padded) {
    if (length % 4 !== 0) return fail();
    if (text.endsWith('==')) length -= 2;
    else if (text.endsWith('=')) length -= 1;
  }
  const rest = length % 4;
  if (rest === 1) return fail();
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const value = values[text.charCodeAt(i)] ?? 255;
    if (value === 255) return fail();
    bits = ((bits << 6) | value) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 255;
    }
  }
  // Bits left over must be zero, or two texts would decode to the same bytes (RFC 4648 section 3.5).
  if ((bits & ((1 << held) - 1)) !== 0) return fail();
  return bytes;
}
