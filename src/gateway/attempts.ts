import { CountersignError } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';

/** Does `work`, and keeps a refusal: who tried, through which door, and why it did not count. */
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
