/** Thrown when work takes longer than allowed. The work goes on, but its result is ignored. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}

/**
 * The result of `work`, if it comes within `ms` milliseconds.
 *
 * An answer that arrived while this process was busy still counts. Timers run before sockets are read, so the deadline waits for one
 * more turn of the event loop.
 *
 * @throws DeadlinePassed
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => setImmediate(() => setImmediate(() => reject(new DeadlinePassed(ms)))), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
