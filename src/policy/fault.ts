/** A fault at a place inside a policy; `offset` counts from the start of the text found there. */
export interface Fault {
  path: (string | number)[];
  offset: number;
  message: string;
  suggestion: string | null;
}
