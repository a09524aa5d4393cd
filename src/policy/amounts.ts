import { formatDecimal, isCanonicalError, parseDecimal } from '../canonical/index.ts';
import type { Json } from '../contract/index.ts';

/** An amount as exact decimal text and as a double with the same order, or the reason why it is not an amount. */
export type Amount = { ok: true; text: string; value: number } | { ok: false; why: string };

/** Reads an amount that is a JSON number; otherwise as {@link readAmount}. */
export const readNumber = (json: Json): Amount =>
  typeof json === 'string' ? { ok: false, why: 'is text, where a number is needed' } : readAmount(json);

/**
 * Reads an amount: a JSON number, or a decimal string such as `"420.50"`. At most 15 significant digits, which a double
 * keeps apart; anything else is unclear (contract section 2).
 */
export function readAmount(json: Json): Amount {
  if (typeof json !== 'number' && typeof json !== 'string') return { ok: false, why: 'is not an amount' };
  try {
    const exact = parseDecimal(json);
    const value = Number(json);
    if (!Number.isFinite(value) || (value === 0 && exact.units !== 0n)) return { ok: false, why: 'is out of range' };
    return { ok: true, text: formatDecimal(exact), value };
  } catch (error) {
    return {
      ok: false,
      why:
        isCanonicalError(error) && error.code === 'too-many-digits'
          ? 'has more than 15 significant digits'
          : 'is not a plain decimal such as 420.50',
    };
  }
}
