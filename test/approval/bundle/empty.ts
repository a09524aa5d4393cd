/** A workflow that does nothing: what the sandbox holds without `src/approval`. */
export function probe(): Promise<string> {
  return Promise.resolve('open');
}
