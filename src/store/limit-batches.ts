/** Batches decisions under locks: what waits for the same lock in this process goes together. */

/** One that has to hold locks. */
export interface LockWaiter {
  /** One batch is about one tenant, even should two ever have a lock of one id. */
  tenant: string;
  /** What only one of a batch may be about. */
  action: string;
  /** The locks that it needs, by the ids that they have in the database. */
  locks: readonly string[];
}

/** The most in one batch. It bounds how long the locks are held. */
const TOGETHER_MAX = 64;

/**
 * Returns what takes one more. It waits while a batch of this process holds one of its locks, and then goes with all others that want a lock of
 * the first. What has no lock in common goes side by side: nobody waits for a lock that somebody else's action needs.
 *
 * @param decide holds the locks until it resolves, and never rejects
 */
export function createBatches<W extends LockWaiter>(decide: (batch: readonly W[]) => Promise<void>): (one: W) => void {
  const waiting = new Set<W>();
  const held = new Set<string>();
  const isFree = ({ locks }: W): boolean => !locks.some((id) => held.has(id));

  const begin = (batch: readonly W[]): void => {
    const locks = batch.flatMap((one) => one.locks);
    for (const one of batch) waiting.delete(one);
    for (const id of locks) held.add(id);
    void decide(batch).finally(() => {
      for (const id of locks) held.delete(id);
      next();
    });
  };
  const next = (): void => {
    for (const first of waiting) {
      if (isFree(first)) begin(batchOf(first, [...waiting].filter(isFree)));
    }
  };
  return (one) => {
    waiting.add(one);
    next();
  };
}

/** The first of those who wait, and who shares a lock with it; each action once. */
function batchOf<W extends LockWaiter>(first: W, free: readonly W[]): W[] {
  const wanted = new Set(first.locks);
  const batch = new Map([[first.action, first]]);
  for (const one of free) {
    if (batch.size === TOGETHER_MAX) break;
    if (one.tenant === first.tenant && !batch.has(one.action) && one.locks.some((id) => wanted.has(id)))
      batch.set(one.action, one);
  }
  return [...batch.values()];
}
