/** Exact decimals: money is compared and summed without binary fractions (contract section 2). */
import { CanonicalError } from './error.ts';

/** `units` × 10^-`scale`; `scale` is from 0, and as small as it can be, so equal values are equal in both fields. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Significant digits of an amount that a caller may send: what an ECMAScript number keeps exactly. */
export const DECIMAL_DIGITS = 15;

/** Characters of a decimal string at most: bounds the work that a caller can ask for. */
const MAX_LENGTH = 400;

const PLAIN_DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const NUMBER_TEXT = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/;

/**
 * Reads an amount: a number, or a decimal string such as `-420.50` (no exponent, no leading zeros, no plus).
 *
 * @param maxDigits significant digits allowed
 * @throws CanonicalError `malformed-decimal`, or `too-many-digits` for more than `maxDigits` significant digits
 */
export function parseDecimal(value: number | string, maxDigits: number = DECIMAL_DIGITS): Decimal {
  const text = typeof value === 'number' ? numberText(value) : value;
  const match = text.length > MAX_LENGTH ? null : (typeof value === 'number' ? NUMBER_TEXT : PLAIN_DECIMAL).exec(text);
  if (match === null) {
    throw new CanonicalError('malformed-decimal', 'an amount is not a plain decimal; write it like `-420.50`');
  }
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits.replace(/0+$/, '').length > maxDigits) {
    throw new CanonicalError(
      'too-many-digits',
      `an amount has more than ${maxDigits} significant digits; round it first`,
    );
  }
  const magnitude = BigInt(digits === '' ? '0' : digits);
  return reduced(sign === '-' ? -magnitude : magnitude, fraction.length - Number(exponent));
}

/** Reads a sum that we computed, which may have any number of digits. @throws CanonicalError `malformed-decimal` */
export const parseSum = (text: string): Decimal => parseDecimal(text, Infinity);

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const [left, right, scale] = aligned(a, b);
  return reduced(left + right, scale);
}

/** Less than zero, zero or more than zero, as for a sort. */
export function compareDecimals(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const [left, right] = aligned(a, b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The one canonical text: no exponent, no trailing zeros, no negative zero. */
export function formatDecimal({ units, scale }: Decimal): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const split = digits.length - scale;
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, split)}.${digits.slice(split)}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new CanonicalError('malformed-decimal', 'an amount is not a finite number');
  return String(value);
}

function reduced(units: bigint, scale: number): Decimal {
  if (scale < 0) return { units: units * 10n ** BigInt(-scale), scale: 0 };
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}
