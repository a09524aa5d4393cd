/** What an approver may change: lower an amount, or set a field (contract section 5, `mayChange`). */
import type { Json } from '../contract/index.ts';
import type { ApprovalState } from './types.ts';

const DECIMAL_TEXT = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
const NUMBER_TEXT = /^(-?[0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/;

/** `units` × 10^-`scale`, exact. */
interface Amount {
  units: bigint;
  scale: number;
}

/** A number, or text that is a plain decimal, as it may come where a policy lists the path under `decimals`; null for all else. */
function amountOf(value: Json): Amount | null {
  if (typeof value === 'string' && (value.length > 400 || !DECIMAL_TEXT.test(value))) return null;
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = NUMBER_TEXT.exec(String(value));
  if (match === null) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

/** True between zero and `from`: never more, and never negative, which would turn a refund into a charge. */
function isLowered(from: Amount, to: Amount): boolean {
  const scale = Math.max(from.scale, to.scale);
  const was = from.units * 10n ** BigInt(scale - from.scale);
  const is = to.units * 10n ** BigInt(scale - to.scale);
  return was < 0n ? was <= is && is <= 0n : 0n <= is && is <= was;
}

function isSame(a: Json, b: Json): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  if (left.size !== right.size) return false;
  return [...left].every(([key, value]) => {
    const other = right.get(key);
    return other !== undefined && isSame(value as Json, other as Json);
  });
}

/**
 * Why these changes are not allowed, or null. Paths must be in `mayChange`, to the letter. An amount may only be lowered, against what an
 * earlier approver lowered it to; a field that an earlier approver set stays unchanged. So nobody's approval is widened after they gave it.
 */
export function faultOfChanges(
  state: ApprovalState,
  changes: Record<string, Json>,
  original: Record<string, Json> | undefined,
): string | null {
  for (const [path, to] of Object.entries(changes)) {
    if (!state.plan.mayChange.includes(path)) {
      return `policy does not let an approver change \`${path}\`; approve as it is, return it or refuse it`;
    }
    const before = Object.hasOwn(state.changes, path) ? state.changes[path] : undefined;
    const from = before ?? (original !== undefined && Object.hasOwn(original, path) ? original[path] : undefined);
    if (from === undefined) return `what \`${path}\` was is not known, so it cannot be changed; decide without changes`;
    const was = amountOf(from);
    if (was !== null) {
      const is = amountOf(to);
      if (is === null || !isLowered(was, is)) {
        return `\`${path}\` may only be lowered, and not below zero; choose another value`;
      }
    } else if (before !== undefined && !isSame(before, to)) {
      return `an earlier approver set \`${path}\` already; approve it as it is, return it or refuse it`;
    }
  }
  return null;
}
