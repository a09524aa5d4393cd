import { unparse } from '@bufbuild/cel';
import type { Expr, Parsed } from './syntax.ts';

/** One part of a conjunction: its text in one form, and the bound it sets if it compares a field with a number. */
interface Part {
  text: string;
  bound: { subject: string; side: 'below' | 'above'; value: number; open: boolean } | null;
}

const COMPARISONS: Record<string, { side: 'below' | 'above'; open: boolean }> = {
  '_<_': { side: 'below', open: true },
  '_<=_': { side: 'below', open: false },
  '_>_': { side: 'above', open: true },
  '_>=_': { side: 'above', open: false },
};

/**
 * The parts that must all hold for an expression to hold. `true` has none; `false` is `null`, which never holds.
 * Read before the tree is changed by `prepareTree`.
 */
export function partsOf(parsed: Parsed): Part[] | null {
  const parts: Part[] = [];
  const work: Expr[] = parsed.expr === undefined ? [] : [parsed.expr];
  for (let expr = work.pop(); expr !== undefined; expr = work.pop()) {
    const kind = expr.exprKind;
    if (kind.case === 'callExpr' && kind.value.function === '_&&_') work.push(...kind.value.args);
    else if (kind.case === 'constExpr' && kind.value.constantKind.case === 'boolValue') {
      if (!kind.value.constantKind.value) return null;
    } else parts.push({ text: textOf(expr, parsed), bound: boundOf(expr, parsed) });
  }
  return parts;
}

function textOf(expr: Expr, parsed: Parsed): string {
  return unparse({ ...parsed, expr });
}

function boundOf(expr: Expr, parsed: Parsed): Part['bound'] {
  if (expr.exprKind.case !== 'callExpr') return null;
  const comparison = COMPARISONS[expr.exprKind.value.function];
  const [subject, limit] = expr.exprKind.value.args;
  if (comparison === undefined || subject === undefined || limit?.exprKind.case !== 'constExpr') return null;
  const { constantKind } = limit.exprKind.value;
  if (constantKind.case !== 'int64Value' && constantKind.case !== 'doubleValue') return null;
  return { subject: textOf(subject, parsed), ...comparison, value: Number(constantKind.value) };
}

/** True only when everything that satisfies `later` certainly satisfies `earlier`. It is conservative: a prover would find more cases. */
export function implies(later: readonly Part[], earlier: readonly Part[]): boolean {
  return earlier.every((wanted) =>
    later.some((given) => given.text === wanted.text || tighter(given.bound, wanted.bound)),
  );
}

function tighter(given: Part['bound'], wanted: Part['bound']): boolean {
  if (given === null || wanted === null || given.subject !== wanted.subject || given.side !== wanted.side) return false;
  if (given.value === wanted.value) return given.open || !wanted.open;
  return given.side === 'below' ? given.value < wanted.value : given.value > wanted.value;
}

export type Conjuncts = Part[] | null;
