import { BoundedMap } from '../canonical/index.ts';

/** How many sent lines and notices are remembered. */
const REMEMBERED = 20_000;

/** Sends under each key once, so that a retried activity does not repeat what this process has sent already. */
export function createOnce(): (key: string, send: () => Promise<unknown>) => Promise<void> {
  const sent = new BoundedMap<string, true>(REMEMBERED);
  return async (key, send) => {
    if (sent.get(key) === true) return;
    await send();
    sent.set(key, true);
  };
}
