/** What a person can see of a text, and the order of texts. */

/** A letter, digit or other number that leaves a mark: letters such as the Hangul filler are blank by design. */
const VISIBLE = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]/u;

/** By UTF-16 code units, so that the order is the same on every host. */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** True if a text has at least one visible letter or digit. */
export function saysSomething(text: string): boolean {
  return VISIBLE.test(text);
}
