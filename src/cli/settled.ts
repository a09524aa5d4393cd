/** Idempotent verbs: repeated, they change nothing and succeed, as tools that converge a configuration need. */
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
 * Ends something by its id. The API answers `not-found` for an item that has ended, so the list is checked.
 *
 * @param endedBefore whether the list shows it as ended
 */
export async function endOnce(end: () => Promise<unknown>, endedBefore: () => Promise<boolean>): Promise<void> {
  try {
    await end();
  } catch (error) {
    if (!isCountersignError(error) || error.code !== 'not-found' || !(await endedBefore())) throw error;
  }
}
