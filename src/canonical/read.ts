/**
 * Reads JSON text as I-JSON (RFC 7493), which RFC 8785 builds on: a text that two readers could take for two values is refused.
 *
 * `JSON.parse` keeps the last of two equal names and the double nearest to a number, without a warning. So this walks the text itself
 * beside it, and checks what was sent.
 */
import { CanonicalError, type CanonicalErrorCode } from './error.ts';
import { DECIMAL_DIGITS } from './decimal.ts';
import type { Json } from './json.ts';

interface Rules {
  /** Significant digits that a number may have. */
  digits: number;
  /** Whether strings are checked too: U+0000 and lone surrogates. */
  texts: boolean;
}

const INPUT: Rules = { digits: DECIMAL_DIGITS, texts: true };
const SEALED: Rules = { digits: Infinity, texts: false };

/**
 * JSON that somebody sends us: numbers of at most {@link DECIMAL_DIGITS} significant digits that a double keeps as they were written,
 * every name once in its object, no U+0000 and no lone surrogate.
 *
 * @throws CanonicalError with its `pointer`: `malformed-json` · `duplicate-name` · `inexact-number` · `null-character` · `lone-surrogate`
 */
export function readInput(text: string): Json {
  return read(text, INPUT);
}

/**
 * JSON that was sealed or stored, also by version 1: its numbers may have the 17 digits that a double needs, and its texts are what they
 * were. We never wrote a duplicate name, or a number that is not the text of a double.
 *
 * @throws CanonicalError with its `pointer`: `malformed-json` · `duplicate-name` · `inexact-number`
 */
export function readSealed(text: string): Json {
  return read(text, SEALED);
}

/** What is wrong with the spelling of a JSON number, or null. @param digits significant digits that it may have */
export function faultOfNumber(number: string, digits: number = DECIMAL_DIGITS): string | null {
  // Short enough for a double: 15 significant digits always survive.
  if (number.length <= DECIMAL_DIGITS && !/[eE]/.test(number)) return null;
  const sent = significant(number);
  if (sent.digits.length > digits) {
    return `a number has more than ${digits} significant digits; round it, or send a decimal string where policy takes one`;
  }
  const double = Number(number);
  const parsed = Number.isFinite(double) ? significant(String(double)) : null;
  if (parsed?.digits === sent.digits && (sent.digits === '' || parsed.exponent === sent.exponent)) return null;
  return 'a number does not survive as a double; round it, or send a decimal string where policy takes one';
}

/** Significant digits without zeros around them, and the power of ten that they are multiplied by. */
function significant(number: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace(/^[-+]/, '').split('.');
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = withoutTrailingZeros(all);
  return { digits, exponent: Number(power) - fraction.length + (all.length - digits.length) };
}

/** By index, because a regular expression would try every zero as the start of the trailing ones. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end -= 1;
  return digits.slice(0, end);
}

/** An array or object that encloses the current position. */
interface Open {
  /** Names so far; null in an array. */
  names: Set<string> | null;
  /** The current position: a name, or an index. */
  at: string | number;
  /** Whether the next text is a name. */
  naming: boolean;
}

function read(text: string, rules: Rules): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new CanonicalError('malformed-json', 'the text is not JSON', { cause });
  }
  walk(text, rules);
  return value;
}

/** @param text is JSON: nothing of its grammar is checked again */
function walk(text: string, rules: Rules): void {
  const open: Open[] = [];
  const fail = (code: CanonicalErrorCode, message: string): never => {
    throw new CanonicalError(code, message, { pointer: pointerOf(open.map(({ at }) => at)) });
  };
  for (let i = 0; i < text.length;) {
    const inner = open.at(-1);
    switch (text[i]) {
      case '{':
        open.push({ names: new Set(), at: '', naming: true });
        i += 1;
        break;
      case '[':
        open.push({ names: null, at: 0, naming: false });
        i += 1;
        break;
      case '}':
      case ']':
        open.pop();
        i += 1;
        break;
      case ',':
        if (typeof inner?.at === 'number') inner.at += 1;
        else if (inner !== undefined) inner.naming = true;
        i += 1;
        break;
      case '"': {
        const end = endOfText(text, i);
        if (inner?.names != null && inner.naming) {
          inner.naming = false;
          inner.at = textOf(text, i, end);
          if (inner.names.has(inner.at)) fail('duplicate-name', 'a name stands twice in one object; send it once');
          inner.names.add(inner.at);
          checkText(inner.at, rules, fail);
        } else if (rules.texts) checkText(textOf(text, i, end), rules, fail);
        i = end;
        break;
      }
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9': {
        const end = endOfNumber(text, i);
        const fault = faultOfNumber(text.slice(i, end), rules.digits);
        if (fault !== null) fail('inexact-number', fault);
        i = end;
        break;
      }
      default:
        i += 1;
    }
  }
}

function endOfText(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && '0123456789.eE+-'.includes(text[end] as string)) end += 1;
  return end;
}

function textOf(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end - 1);
  return inside.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inside;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function checkText(text: string, rules: Rules, fail: (code: CanonicalErrorCode, message: string) => never): void {
  if (!rules.texts) return;
  if (text.includes('\u0000')) fail('null-character', 'a text holds U+0000, which no store keeps; leave it out');
  if (LONE_SURROGATE.test(text)) fail('lone-surrogate', 'a text holds a lone surrogate, which UTF-8 cannot write');
}

/** RFC 6901 JSON Pointer of a path. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
