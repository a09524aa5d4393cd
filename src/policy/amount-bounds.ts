import { compareDecimals, parseDecimal } from '../canonical/index.ts';
import type { CompiledBundle } from './compiled.ts';

/** Where a policy says nothing. */
const AMOUNT = 'params.amount';

/**
 * Amounts at which the rules of a surface change their answer: the numbers that a condition compares the amount with. Exact decimals above
 * zero, ascending, each once.
 */
export function amountBounds({ surfaces }: Pick<CompiledBundle, 'surfaces'>, surface: string): string[] {
  const bounds = new Set<string>();
  for (const { source } of surfaces.covering(surface)) {
    const amount = (source.amount ?? AMOUNT).replaceAll('.', '\\.');
    const compared = new RegExp(
      `${amount}\\s*(?:<=?|>=?|==)\\s*(\\d+(?:\\.\\d+)?)|(\\d+(?:\\.\\d+)?)\\s*(?:<=?|>=?)\\s*${amount}`,
      'g',
    );
    for (const { when } of source.rules) {
      for (const [, after, before] of String(when).matchAll(compared)) bounds.add(after ?? before ?? '0');
    }
  }
  return [...bounds]
    .filter((bound) => Number(bound) > 0)
    .sort((a, b) => compareDecimals(parseDecimal(a), parseDecimal(b)));
}
