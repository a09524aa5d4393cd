/** Verbs that say how things are to be: repeated, they change nothing and succeed, as tools that converge a configuration need it. */
import type { Command } from 'commander';
import { isCountersignError } from '../contract/index.ts';

export interface IfAbsent {
  ifAbsent?: boolean;
}

export const withIfAbsent = (command: Command, what: string): Command =>
  command.option('--if-absent', `where there is ${what}, print that and make none; a secret is not shown again`);

/** Whether two lists name the same, in whatever order. */
export const sameNames = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name) => other.includes(name));

/**
 * Ends something by its id. The API says `not-found` of what is no longer live, so what ended before is looked up.
 *
 * @param endedBefore whether the list has it as ended
 */
export async function endOnce(end: () => Promise<unknown>, endedBefore: () => Promise<boolean>): Promise<void> {
  try {
    await end();
  } catch (error) {
    if (!isCountersignError(error) || error.code !== 'not-found' || !(await endedBefore())) throw error;
  }
}
