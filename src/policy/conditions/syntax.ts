import { parse } from '@bufbuild/cel';
import { type ExpressionProblem, scan } from './scan.ts';

export type Parsed = ReturnType<typeof parse>;
export type Expr = NonNullable<Parsed['expr']>;

/** How deep a syntax tree may be: long chains such as `a + a + …` nest without any bracket. */
export const DEPTH_MAX = 250;

/** No names: outside of all comprehensions. */
export const NOTHING_BOUND: ReadonlySet<string> = new Set();

/** One call in an expression, with its arguments where they are string literals. */
export interface FunctionCall {
  name: string;
  /** Null for an argument that is not a string literal. Empty for an operator, and so is `paths`. */
  literals: readonly (string | null)[];
  /** Where an argument is a field, its path. */
  paths: readonly (string | null)[];
  offset: number;
}

/** What an expression says, without evaluating it. */
export interface Outline {
  /** Free variables, with the offset of each use. */
  variables: { name: string; offset: number }[];
  /** Field paths from a free variable, longest first use: `params.amount`. `tested` when inside `has()`. */
  fields: { path: string; offset: number; tested: boolean }[];
  calls: FunctionCall[];
  /** Names that its comprehensions give to their items. */
  items: { name: string; offset: number }[];
  /** Protobuf messages it would make, which no condition may. */
  messages: { name: string; offset: number }[];
}

/** Parses an expression, or says what is wrong with it and where. */
export function parseExpression(text: string): Parsed | ExpressionProblem {
  const refused = scan(text);
  if (refused !== null) return refused;
  try {
    return parse(text);
  } catch (error) {
    return syntaxProblem(text, error);
  }
}

function syntaxProblem(text: string, error: unknown): ExpressionProblem {
  const location = (error as { location?: { start?: { offset?: number } } } | null)?.location?.start?.offset;
  const offset = Math.min(location ?? 0, text.length);
  const rest = text.slice(offset).trimStart();
  if (rest === '' || /^(?:[<>=!]=|&&|\|\||[-+*/%<>?:.]|in)\s*$/.test(rest))
    return { offset, message: 'the condition ends too early', suggestion: 'finish the expression' };
  return { offset, message: `this is not CEL from \`${rest.slice(0, 20)}\` on`, suggestion: guess(text, offset, rest) };
}

/** Operators of other languages, with CEL's word for each. */
function guess(text: string, offset: number, rest: string): string | null {
  if (/^=(?!=)/.test(rest)) return 'compare with `==`';
  if (/^===/.test(rest) || text.slice(offset - 2, offset) === '==') return 'compare with `==`';
  if (/^and\b/i.test(rest)) return 'write `&&` for and';
  if (/^or\b/i.test(rest)) return 'write `||` for or';
  if (/^not\b/i.test(text.slice(0, offset).trim().split(/\s+/).at(-1) ?? '') || /^not\b/i.test(rest))
    return 'write `!` for not';
  if (/^&(?!&)/.test(rest)) return 'write `&&` for and';
  if (/^\|(?!\|)/.test(rest)) return 'write `||` for or';
  if (/^["']/.test(rest)) return 'close the quoted text with the quote it began with';
  if (/^<>/.test(rest)) return 'write `!=` for different';
  return null;
}

/** A part of a tree that is still to be visited, with the names that are bound there. */
interface Visit {
  expr: Expr | undefined;
  depth: number;
  bound: ReadonlySet<string>;
}

/**
 * Walks a syntax tree without recursion and tells what it names. Null when the tree is deeper than {@link DEPTH_MAX}.
 */
export function outline(parsed: Parsed): Outline | null {
  const result: Outline = { variables: [], fields: [], calls: [], items: [], messages: [] };
  const positions = parsed.sourceInfo?.positions ?? {};
  const work: Visit[] = [{ expr: parsed.expr, depth: 1, bound: NOTHING_BOUND }];
  for (let visit = work.pop(); visit !== undefined; visit = work.pop()) {
    const { expr, depth, bound } = visit;
    if (expr === undefined) continue;
    if (depth > DEPTH_MAX) return null;
    const offset = positions[Number(expr.id)] ?? 0;
    const kind = expr.exprKind;
    switch (kind.case) {
      case 'identExpr':
        if (!bound.has(kind.value.name)) result.variables.push({ name: kind.value.name, offset });
        break;
      case 'selectExpr': {
        const path = fieldPath(expr, bound);
        const root = path === null ? kind.value.operand : rootOf(expr);
        if (path !== null) {
          const at = root === undefined ? offset : (positions[Number(root.id)] ?? 0);
          result.fields.push({ path, offset: at, tested: kind.value.testOnly });
        }
        work.push({ expr: root, depth: depth + 1, bound });
        break;
      }
      case 'callExpr':
        result.calls.push(callOf(kind.value, bound, offset));
        work.push({ expr: kind.value.target, depth: depth + 1, bound });
        for (const arg of kind.value.args) work.push({ expr: arg, depth: depth + 1, bound });
        break;
      case 'listExpr':
        for (const element of kind.value.elements) work.push({ expr: element, depth: depth + 1, bound });
        break;
      case 'structExpr':
        if (kind.value.messageName !== '') result.messages.push({ name: kind.value.messageName, offset });
        for (const entry of kind.value.entries) {
          if (entry.keyKind.case === 'mapKey') work.push({ expr: entry.keyKind.value, depth: depth + 1, bound });
          work.push({ expr: entry.value, depth: depth + 1, bound });
        }
        break;
      case 'comprehensionExpr': {
        const fold = kind.value;
        result.items.push({ name: fold.iterVar, offset });
        const inside = new Set([...bound, fold.iterVar, fold.accuVar]);
        work.push({ expr: fold.iterRange, depth: depth + 1, bound }, { expr: fold.accuInit, depth: depth + 1, bound });
        for (const part of [fold.loopCondition, fold.loopStep, fold.result]) {
          work.push({ expr: part, depth: depth + 1, bound: inside });
        }
        break;
      }
      default:
    }
  }
  return result;
}

type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];

function callOf({ function: name, args }: Call, bound: ReadonlySet<string>, offset: number): FunctionCall {
  // Nobody asks for the arguments of an operator, and most calls are operators.
  if (OPERATOR.test(name)) return { name, literals: NO_NAMES, paths: NO_NAMES, offset };
  return { name, literals: args.map(stringLiteral), paths: args.map((arg) => fieldPath(arg, bound)), offset };
}

const NO_NAMES: readonly never[] = [];

/** `_&&_`, `@in`: no function of ours is called so. */
const OPERATOR = /^[^a-zA-Z]/;

function rootOf(expr: Expr): Expr {
  let at = expr;
  while (at.exprKind.case === 'selectExpr' && at.exprKind.value.operand !== undefined) at = at.exprKind.value.operand;
  return at;
}

/** `params.amount` for a chain of selections from a free variable; null for anything else. */
export function fieldPath(expr: Expr, bound: ReadonlySet<string>): string | null {
  const names: string[] = [];
  let at: Expr | undefined = expr;
  while (at?.exprKind.case === 'selectExpr') {
    names.unshift(at.exprKind.value.field);
    at = at.exprKind.value.operand;
  }
  if (at?.exprKind.case !== 'identExpr' || bound.has(at.exprKind.value.name)) return null;
  return [at.exprKind.value.name, ...names].join('.');
}

function stringLiteral(expr: Expr): string | null {
  if (expr.exprKind.case !== 'constExpr') return null;
  const constant = expr.exprKind.value.constantKind;
  return constant.case === 'stringValue' ? constant.value : null;
}
