/** Thrown when something took longer than it may. What was waited for goes on, and counts for nothing here. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}

/**
 * What `work` comes to, within `ms` milliseconds.
 *
 * An answer that lay in the socket while this process was busy is still taken: timers run before sockets are read, so the deadline
 * leaves them one more turn.
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
