/**
 * The JSON Canonicalization Scheme, RFC 8785, strict: what is not JSON is refused instead of rewritten.
 *
 * Numbers and strings are written as RFC 8785 section 3.2.2 says, which is what ECMAScript writes; names are sorted by UTF-16
 * code units (section 3.2.3), which is how ECMAScript compares strings.
 */
import { utf8 } from './bytes.ts';
import { CanonicalError } from './error.ts';

/** A value that RFC 8259 can write. Numbers are finite. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deepest nesting of arrays and objects that has a canonical form. A request may nest 32 deep; a record some more. */
export const MAX_DEPTH = 128;

/** Strings that need no escape: printable ASCII without quote and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The canonical text of a JSON value.
 *
 * @throws CanonicalError when the value, or anything in it, is not JSON: undefined, functions, symbols, bigints (`unsupported-value`),
 * NaN and infinities (`non-finite-number`), text that is not well-formed Unicode (`lone-surrogate`), instances of classes
 * (`non-plain-object`, so `toJSON` is never called), nesting beyond {@link MAX_DEPTH} (`too-deep`) or without end (`cycle`).
 */
export function canonicalize(value: unknown): string {
  try {
    return write(value, MAX_DEPTH);
  } catch (error) {
    // Only a value that is too deep can be cyclic, so sound values pay nothing for this check.
    if (error instanceof CanonicalError && error.code === 'too-deep' && hasCycle(value)) {
      throw new CanonicalError('cycle', 'a value contains itself, so it is not JSON; send a copy without the cycle');
    }
    throw error;
  }
}

/** UTF-8 bytes of {@link canonicalize}: what is hashed and signed. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalize(value));
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (value - value !== 0) {
        throw new CanonicalError(
          'non-finite-number',
          'a number is NaN or infinite, so it is not JSON; send a finite number',
        );
      }
      return `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth === 0) {
        throw new CanonicalError('too-deep', `a value nests deeper than ${MAX_DEPTH} levels; flatten it`);
      }
      return Array.isArray(value) ? writeArray(value, depth - 1) : writeObject(value, depth - 1);
    default:
      throw new CanonicalError('unsupported-value', `a value of type ${typeof value} is not JSON; leave it out`);
  }
}

function writeString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) {
    throw new CanonicalError('lone-surrogate', 'a string is not well-formed Unicode; send it without lone surrogates');
  }
  return JSON.stringify(text);
}

function writeArray(values: readonly unknown[], depth: number): string {
  let text = '[';
  // By index: an array with holes reads undefined there, which is refused.
  for (let i = 0; i < values.length; i++) text += i === 0 ? write(values[i], depth) : `,${write(values[i], depth)}`;
  return `${text}]`;
}

function writeObject(value: object, depth: number): string {
  requirePlain(value);
  const names = sorted(Object.keys(value));
  let text = '{';
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (i !== 0) text += ',';
    text += `${writeString(name)}:${write((value as Record<string, unknown>)[name], depth)}`;
  }
  return `${text}}`;
}

/** Up to this many names, moving them within their array costs less than to sort them, which copies it. */
const FEW = 24;

/** Sorts in place. What was canonical before is in order: seeing that costs less than sorting it. */
function sorted(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string;
    if ((names[i - 1] as string) <= name) continue;
    if (names.length > FEW) return names.sort();
    let at = i;
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

function requirePlain(value: object): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || isForeignObjectPrototype(prototype as object)) {
    if (Object.getOwnPropertySymbols(value).length === 0) return;
  }
  throw new CanonicalError('non-plain-object', 'an object is not a plain JSON object; send its data instead');
}

/** `Object.prototype` of another realm, such as a frame or Temporal's sandbox. */
function isForeignObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function hasCycle(root: unknown): boolean {
  const finished = new Set<object>();
  const open = new Set<object>();
  // Explicit stack: the value may be far deeper than the call stack allows.
  const stack: { node: object; leave: boolean }[] = [];
  const push = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || finished.has(value)) return false;
    if (open.has(value)) return true;
    stack.push({ node: value, leave: false });
    return false;
  };
  push(root);
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.leave) {
      open.delete(top.node);
      finished.add(top.node);
      continue;
    }
    if (open.has(top.node) || finished.has(top.node)) continue;
    open.add(top.node);
    stack.push({ node: top.node, leave: true });
    if (Object.values(top.node).some(push)) return true;
  }
  return false;
}
