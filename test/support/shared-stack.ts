/** One stack for all test files that a process of the project `shared` runs, one after another. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { replayAll } from './replay-all.ts';
import { startTestStack, type TestStack } from './stack.ts';
import './shared-environment.ts';

/** A stack that other files use after this one, so that nobody stops it. */
export type SharedStack = Omit<TestStack, 'stop'>;

let started: Promise<TestStack> | undefined;

/**
 * Starts it for the first file that asks, with the settings of `startTestStack()`.
 *
 * A file that uses it leaves it as it was: it stops, freezes and rotates nothing that it does not undo, changes no policy, and counts
 * nothing but its own. Any other file takes a stack of its own.
 */
export function sharedStack(): Promise<SharedStack> {
  return (started ??= start());
}

async function start(): Promise<TestStack> {
  const ends = globalThis.endsWithProcess;
  const home = process.env['COUNTERSIGN_TEST_SHARED'];
  if (ends === undefined || home === undefined)
    throw new Error('a shared stack is only for the files of SHARED in vitest.config.ts');
  const stack = await startTestStack({}, mkdtempSync(join(home, 'stack-')));
  // Each file has judged its verdicts again by then.
  ends.push(() => stack.stop({ replay: false }));
  return stack;
}

/** After each file: every verdict sealed so far is judged again and comes out the same. */
export async function replayShared(): Promise<void> {
  const stack = await started;
  if (stack === undefined) return;
  const { differences } = await replayAll(stack.stack.parts.store);
  if (differences.length > 0) throw new Error(`verdicts that do not replay:\n${differences.join('\n')}`);
}
