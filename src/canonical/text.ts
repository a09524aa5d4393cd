/** What a person can see of a text. */

/** A letter, digit or other number that leaves a mark: letters such as the Hangul filler are blank by design. */
const VISIBLE = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]/u;

/** True where a text says something: at least one letter or digit that can be seen. */
export function saysSomething(text: string): boolean {
  return VISIBLE.test(text);
}
