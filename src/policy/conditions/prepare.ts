import { fieldPath, NOTHING_BOUND, type Expr } from './syntax.ts';

/** Names of guards. CEL text cannot spell them. */
/** Called before every comprehension. */
export const RANGE_GUARD = '@range';
/** Called for every `timestamp(…)`, because the engine itself reads 30 February as a day in March. */
export const TIME_GUARD = '@instant';

/** Asks where the value of a field came from. */
export const PROVENANCE = 'provenance';

/** Operators that compare two values. */
export const COMPARISONS: ReadonlySet<string> = new Set(['_<_', '_<=_', '_>_', '_>=_', '_==_', '_!=_']);

/** Parts of a request whose numbers are JSON numbers, so doubles. */
const JSON_ROOTS = new Set(['actor', 'resource', 'params', 'context', 'execution']);

/**
 * Makes a tree that `outline` has measured ready to be planned, in place:
 * - {@link RANGE_GUARD} around the range of every comprehension, so that loops are bounded;
 * - {@link TIME_GUARD} around what is read as a time;
 * - the name of the field in place of its value, where `provenance(…)` asks for where that came from;
 * - whole numbers that are compared with a field of the request as doubles: the same order, found without trying every pair
 *   of number types first.
 */
export function prepareTree(expr: Expr): void {
  const kind = expr.exprKind;
  switch (kind.case) {
    case 'selectExpr':
      if (kind.value.operand !== undefined) prepareTree(kind.value.operand);
      break;
    case 'callExpr': {
      const { args } = kind.value;
      if (kind.value.target !== undefined) prepareTree(kind.value.target);
      if (kind.value.function === PROVENANCE) kind.value.args = args.map(named);
      else args.forEach(prepareTree);
      if (kind.value.function === 'timestamp') kind.value.args = args.map((arg) => guarded(TIME_GUARD, arg));
      if (COMPARISONS.has(kind.value.function) && args.some(isRequestField)) args.forEach(asDouble);
      break;
    }
    case 'listExpr':
      kind.value.elements.forEach(prepareTree);
      break;
    case 'structExpr':
      for (const entry of kind.value.entries) {
        if (entry.keyKind.case === 'mapKey') prepareTree(entry.keyKind.value);
        if (entry.value !== undefined) prepareTree(entry.value);
      }
      break;
    case 'comprehensionExpr': {
      const fold = kind.value;
      for (const part of [fold.iterRange, fold.accuInit, fold.loopCondition, fold.loopStep, fold.result]) {
        if (part !== undefined) prepareTree(part);
      }
      if (fold.iterRange !== undefined) fold.iterRange = guarded(RANGE_GUARD, fold.iterRange);
      break;
    }
    default:
  }
}

function guarded(guard: string, arg: Expr): Expr {
  return {
    $typeName: 'cel.expr.Expr',
    id: arg.id,
    exprKind: { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: guard, args: [arg] } },
  };
}

/** `params.amount`: selections only, from a part of the request. `has(…)` yields a truth value and does not count. */
function isRequestField(expr: Expr): boolean {
  let at: Expr | undefined = expr;
  let steps = 0;
  while (at?.exprKind.case === 'selectExpr' && !at.exprKind.value.testOnly) {
    at = at.exprKind.value.operand;
    steps += 1;
  }
  return steps > 0 && at?.exprKind.case === 'identExpr' && JSON_ROOTS.has(at.exprKind.value.name);
}

/** `params.recipient` as the text "params.recipient"; anything else stays unchanged, and lint has refused it. */
function named(expr: Expr): Expr {
  const path = fieldPath(expr, NOTHING_BOUND);
  if (path === null) return expr;
  const constantKind = { case: 'stringValue', value: path } as const;
  return {
    $typeName: 'cel.expr.Expr',
    id: expr.id,
    exprKind: { case: 'constExpr', value: { $typeName: 'cel.expr.Constant', constantKind } },
  };
}

function asDouble(expr: Expr): void {
  if (expr.exprKind.case !== 'constExpr') return;
  const { constantKind } = expr.exprKind.value;
  if (constantKind.case !== 'int64Value' || !Number.isSafeInteger(Number(constantKind.value))) return;
  expr.exprKind.value.constantKind = { case: 'doubleValue', value: Number(constantKind.value) };
}
