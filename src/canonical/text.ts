/** What a person can see of a text. */

/** A letter, digit or other number that leaves a mark: letters such as the Hangul filler are blank by design. */
const VISIBLE = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]/u;

/** True if a text has at least one visible letter or digit. */
export function saysSomething(text: string): boolean {
  return VISIBLE.test(text);
}
