/** Puts text into policy files, and shows what changed. */
import type { PolicyFile } from '../build.ts';

/** Lines around a change. */
const CONTEXT = 3;

/** Lines put into a file before a line, from 0. */
export interface Insertion {
  at: number;
  lines: readonly string[];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

export function inserted({ path, text }: PolicyFile, { at, lines }: Insertion): PolicyFile {
  const before = linesOf(text);
  return { path, text: `${[...before.slice(0, at), ...lines, ...before.slice(at)].join('\n')}\n` };
}

/** A unified diff of one insertion; a file that was not there comes from `/dev/null`. */
export function diffOf({ path, text }: PolicyFile, { at, lines }: Insertion): string {
  const before = linesOf(text);
  const from = Math.max(0, at - CONTEXT);
  const [head, tail] = [before.slice(from, at), before.slice(at, at + CONTEXT)];
  const old = head.length + tail.length;
  const place = (count: number): string => `${String(count === 0 ? from : from + 1)},${String(count)}`;
  return [
    `--- ${before.length === 0 ? '/dev/null' : `a/${path}`}`,
    `+++ b/${path}`,
    `@@ -${place(old)} +${place(old + lines.length)} @@`,
    ...head.map((line) => ` ${line}`),
    ...lines.map((line) => `+${line}`),
    ...tail.map((line) => ` ${line}`),
    '',
  ].join('\n');
}

/** How far a line is indented. */
export const indentOf = (text: string, line: number): string => /^ */.exec(linesOf(text)[line] ?? '')?.[0] ?? '';

/** How many lines a file has. */
export const lengthOf = (text: string): number => linesOf(text).length;
