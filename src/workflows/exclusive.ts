/** Runs one step after another, in the order in which they were given. */
export type Exclusive = <T>(step: () => Promise<T>) => Promise<T>;

/** Handlers of a workflow interleave at every `await`; two decisions must not. */
export function createExclusive(): Exclusive {
  let tail: Promise<unknown> = Promise.resolve();
  return <T>(step: () => Promise<T>): Promise<T> => {
    const run = tail.then(step, step);
    tail = run.catch(() => undefined);
    return run;
  };
}
