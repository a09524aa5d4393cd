import { faultOfNumber } from '../../canonical/index.ts';
import { EXPRESSION_MAX } from '../schema.ts';

/** How deep brackets may nest in an expression, and how many it may open in all. */
export const NESTING_MAX = 32;
const BRACKETS_MAX = 400;

/** Of `(`, `[`, `{`, `\\`, `"` and `'`; a bracket is closed by the next character, or the one behind it. */
const [ROUND, SQUARE, CURLY, BACKSLASH, DOUBLE, SINGLE] = [0x28, 0x5b, 0x7b, 0x5c, 0x22, 0x27];

/** A fault in a text, with its offset. */
export interface ExpressionProblem {
  offset: number;
  message: string;
  suggestion: string | null;
}

/**
 * Refuses, before any parser sees it, a text that is too long or nests too deep: the parser is recursive, and thousands of
 * brackets overflow its stack. Strings are skipped; the count of all brackets holds even where a quote is misread.
 */
export function scan(text: string): ExpressionProblem | null {
  if (text.length > EXPRESSION_MAX) {
    return problem(
      EXPRESSION_MAX,
      `an expression has at most ${EXPRESSION_MAX} characters`,
      'split it into several rules',
    );
  }
  let depth = 0;
  let opened = 0;
  let quote = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    const isQuoted = quote !== 0;
    switch (char) {
      case ROUND:
      case SQUARE:
      case CURLY:
        opened += 1;
        if (!isQuoted) depth += 1;
        if (opened <= BRACKETS_MAX && depth <= NESTING_MAX) break;
        return problem(
          at,
          `brackets nest at most ${NESTING_MAX} deep, ${BRACKETS_MAX} in all`,
          'split it into several rules',
        );
      case ROUND + 1:
      case SQUARE + 2:
      case CURLY + 2:
        if (!isQuoted) depth -= 1;
        break;
      case BACKSLASH:
        if (isQuoted) at += 1;
        break;
      case DOUBLE:
      case SINGLE:
        if (!isQuoted) quote = char;
        else if (char === quote) quote = 0;
        break;
      default:
    }
  }
  return null;
}

/** Strings, names, comments and numbers of CEL, the first that fits where one begins. */
const TOKENS =
  /[rR]?(?:"""[^]*?"""|'''[^]*?''')|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\/[^\n]*|[A-Za-z_]\w*|(?<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)/g;

/** Numbers of an expression that a double cannot represent exactly. */
export function inexactNumbers(text: string): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  for (const { groups, index } of text.matchAll(TOKENS)) {
    const number = groups?.['number'];
    if (number === undefined || /^0x/i.test(number) || faultOfNumber(number) === null) continue;
    problems.push(problem(index, `\`${number}\` is not kept as it is written`, 'write at most 15 significant digits'));
  }
  return problems;
}

function problem(offset: number, message: string, suggestion: string | null): ExpressionProblem {
  return { offset, message, suggestion };
}
