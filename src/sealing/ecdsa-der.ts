/**
 * The two spellings of an ECDSA P-256 signature: `r || s`, 64 bytes, as JOSE writes it (RFC 7518 section 3.4), and DER, as DSSE's
 * implementations, X.509 and most key managers do (RFC 3279 section 2.2.3).
 */
import { concatBytes } from '../canonical/index.ts';

const INTEGER = 0x02;
const SEQUENCE = 0x30;
/** Bytes of `r`, and of `s`. */
const PART = 32;

/** `r || s` as DER. */
export function toDer(raw: Uint8Array): Uint8Array {
  const parts = [integer(raw.subarray(0, PART)), integer(raw.subarray(PART))];
  const body = concatBytes(...parts);
  return concatBytes(Uint8Array.of(SEQUENCE, body.length), body);
}

/** DER as `r || s`, or null. Only the canonical encoding of two positive numbers of the right size is accepted. */
export function fromDer(der: Uint8Array): Uint8Array | null {
  if (der[0] !== SEQUENCE || der.length < 2 || der[1] !== der.length - 2) return null;
  const r = readInteger(der, 2);
  const s = r === null ? null : readInteger(der, r.next);
  if (r === null || s === null || s.next !== der.length) return null;
  const raw = new Uint8Array(2 * PART);
  raw.set(r.digits, PART - r.digits.length);
  raw.set(s.digits, 2 * PART - s.digits.length);
  return raw;
}

/** A positive number without leading zeros, except the one that keeps the sign bit clear. */
function integer(digits: Uint8Array): Uint8Array {
  let first = 0;
  while (first < digits.length - 1 && digits[first] === 0) first += 1;
  const shortest = digits.subarray(first);
  const sign = (shortest[0] ?? 0) >= 0x80 ? [0] : [];
  return concatBytes(Uint8Array.of(INTEGER, sign.length + shortest.length, ...sign), shortest);
}

function readInteger(der: Uint8Array, at: number): { digits: Uint8Array; next: number } | null {
  const length = der[at + 1] ?? 0;
  const next = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || next > der.length) return null;
  const [first = 0, second = 0] = der.subarray(at + 2, next);
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) return null;
  const digits = der.subarray(first === 0 ? at + 3 : at + 2, next);
  return digits.length > PART ? null : { digits, next };
}
