/** Attempts that did not count: stored where they fail, and readable by owners and auditors. */
import { CountersignError, readBounds } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { Attempts } from './types.ts';

/** Runs `work`, and stores a refusal: who tried, through which door, and why it did not count. */
export async function recordRefusal<T>(
  deps: Pick<GatewayDeps, 'store' | 'now'>,
  caller: Caller,
  id: string,
  door: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CountersignError && error.status < 500) {
      await deps.store.attempts.add({
        tenant: caller.tenant,
        action: id,
        by: caller.id,
        door,
        code: error.code,
        at: deps.now().toISOString(),
      });
    }
    throw error;
  }
}

/** Milliseconds for which counts of addresses are collected before they are written, so that a guess costs no write. */
const GATHER_MS = 2000;
/** Addresses that are counted one by one meanwhile. */
const GATHERED = 1000;
/** Stands for all addresses beyond those. */
const OTHERS = 'others';
/** Addresses that are listed. */
const LISTED = 100;

export function attempts(deps: Pick<GatewayDeps, 'store' | 'now' | 'log'>): Attempts {
  let counts = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;

  const write = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const gathered = [...counts].map(([address, times]) => ({ address, times }));
    counts = new Map();
    await deps.store.attempts.addUnauthenticated(gathered, deps.now());
  };

  return {
    unauthenticated(address) {
      const counted = counts.has(address) || counts.size < GATHERED ? address : OTHERS;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
      timer ??= setTimeout(() => {
        write().catch((error: unknown) => deps.log.warn({ err: error }, 'refused credentials could not be counted'));
      }, GATHER_MS).unref();
    },

    async attempts(caller, filter, cursor, limit) {
      if (!mayAudit(caller)) {
        throw new CountersignError('forbidden', 'only owners and auditors read attempts; ask one of them');
      }
      await write();
      const between = readBounds(filter);
      const page = await deps.store.attempts.search(caller.tenant, { ...filter, ...between }, cursor, limit);
      return {
        ...between,
        attempts: page.attempts.map(({ action, by, door, code, at }) => ({
          action: action === '' ? null : action,
          by,
          door,
          code,
          at,
        })),
        next_cursor: page.nextCursor,
        unauthenticated: await deps.store.attempts.unauthenticated(between, LISTED),
      };
    },
  };
}
