/** The one way in which tests wait: for something to be so, never for a time to pass. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** @default 90_000 */
  withinMs?: number;
  /** @default 50 */
  everyMs?: number;
}

/**
 * Asks again and again until `read` answers something.
 *
 * @throws Error naming what never came about.
 */
export async function eventually<T>(
  what: string,
  read: () => T | undefined | Promise<T | undefined>,
  { withinMs = 90_000, everyMs = 50 }: Patience = {},
): Promise<T> {
  for (const end = Date.now() + withinMs; ; await sleep(everyMs)) {
    const found = await read();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`never: ${what}`);
  }
}

/** Until the machine's clock has passed `at`, in milliseconds since the epoch: what ends by time has ended then. */
export const passed = (at: number): Promise<true> =>
  eventually(`${new Date(at).toISOString()} passes`, () => (Date.now() > at ? true : undefined));
