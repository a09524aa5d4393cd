import type { MarkFiles } from '../../src/register/index.ts';

/** Nothing is kept: a log is read from its first entry on. */
export const NO_MARKS: MarkFiles = {
  read: () => null,
  write: () => undefined,
  height: () => 0,
  reached: () => undefined,
  flush: () => undefined,
};
