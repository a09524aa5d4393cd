/** Whose turn it is to decide under locks: what waits for the same lock in this process goes together. */

/** One that has to hold locks. */
export interface LockWaiter {
  /** One turn is about one tenant, even should two ever have a lock of one id. */
  tenant: string;
  /** What only one of a turn may be about. */
  action: string;
  /** The locks that it needs, by the ids that they have in the database. */
  locks: readonly string[];
}

/** The most of one turn. It bounds how long the locks are held. */
const TOGETHER_MAX = 64;

/**
 * Returns what takes one more. It waits while a turn of this process holds one of its locks, and then goes with all others that want a lock of
 * the first. What has no lock in common goes side by side: nobody waits for a lock that somebody else's action needs.
 *
 * @param take has its turn until it resolves, and never rejects
 */
export function createTurns<W extends LockWaiter>(take: (turn: readonly W[]) => Promise<void>): (one: W) => void {
  const waiting = new Set<W>();
  const held = new Set<string>();
  const isFree = ({ locks }: W): boolean => !locks.some((id) => held.has(id));

  const begin = (turn: readonly W[]): void => {
    const locks = turn.flatMap((one) => one.locks);
    for (const one of turn) waiting.delete(one);
    for (const id of locks) held.add(id);
    void take(turn).finally(() => {
      for (const id of locks) held.delete(id);
      next();
    });
  };
  const next = (): void => {
    for (const first of waiting) {
      if (isFree(first)) begin(turnOf(first, [...waiting].filter(isFree)));
    }
  };
  return (one) => {
    waiting.add(one);
    next();
  };
}

/** The first of those who wait, and who shares a lock with it; each action once. */
function turnOf<W extends LockWaiter>(first: W, free: readonly W[]): W[] {
  const wanted = new Set(first.locks);
  const turn = new Map([[first.action, first]]);
  for (const one of free) {
    if (turn.size === TOGETHER_MAX) break;
    if (one.tenant === first.tenant && !turn.has(one.action) && one.locks.some((id) => wanted.has(id)))
      turn.set(one.action, one);
  }
  return [...turn.values()];
}
