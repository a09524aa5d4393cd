/** The cost of calls. Every function is charged for the size of its inputs and output, so that no expression runs for long. */
import { isCelList, isCelMap, type CelFunc, type CelValue } from '@bufbuild/cel';
import { type Frame, WORK_MAX } from './frame.ts';

/** The cost, known before the call, of a function whose work exceeds the size of its inputs. */
const DEARER: Record<string, (read: readonly CelValue[]) => number> = {
  '@in': ([item, list]) => sizeOf(item) + sizeOf(list),
  containsAny: product,
  containsAll: product,
  replace: ([text, old, by]) => occurrences(text, old) * sizeOf(by) + sizeOf(text),
  matches: ([text, pattern]) => sizeOf(text) * states(pattern),
};

/** {@link CelFunc} that charges its cost to the current judgement. */
export function charged(func: CelFunc, frame: () => Frame | null): CelFunc {
  const dearer = DEARER[func.name];
  const call: CelFunc['call'] = (id, target, args) => {
    const read = target === undefined ? args : [target, ...args];
    if (dearer !== undefined) charge(frame(), dearer(read));
    const result = func.call(id, target, args);
    // Undefined means that another overload handles the call and is charged instead.
    if (result === undefined) return result;
    let units = 1;
    for (const value of read) units += sizeOf(value);
    charge(frame(), typeof result === 'string' ? units + result.length : units);
    return result;
  };
  return Object.create(func, { call: { value: call } }) as CelFunc;
}

function charge(frame: Frame | null, units: number): void {
  if (frame === null) return;
  frame.work += units;
  if (frame.work > WORK_MAX) throw new Error('the expression reads more than a judgement may');
  if (frame.late()) throw new Error('the judgement takes longer than it may');
}

/** Characters, bytes, items and all that is in them. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  let size = 1;
  if (isCelList(value)) for (const item of value) size += sizeOf(item);
  else if (isCelMap(value)) for (const [key, item] of value) size += sizeOf(key) + sizeOf(item);
  return size;
}

function product([one, other]: readonly CelValue[]): number {
  return sizeOf(one) * (isCelList(other) ? other.size : 1);
}

/** How often a text can be found in another: everywhere and at both ends, where it is empty. */
function occurrences(text: unknown, part: unknown): number {
  if (typeof text !== 'string' || typeof part !== 'string') return 0;
  if (part === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}

/** States of a regular expression, at most: RE2 writes counted parts out, up to a thousand times in all. */
function states(pattern: unknown): number {
  if (typeof pattern !== 'string') return 1;
  let times = 1;
  for (const [, low = '1', high = ''] of pattern.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g)) {
    times *= Math.max(1, Number(low), Number(high));
  }
  return (pattern.length + 1) * Math.min(times, 1000);
}
