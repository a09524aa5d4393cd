import { setTimeout as sleep } from 'node:timers/promises';
import { isCountersignError } from '../contract/index.ts';

/** Together less than an activity may take; where the database is away longer, a person who clicks the message is told what is so. */
const TRIES = 40;
const PAUSE_MS = 1000;

/**
 * Remembers where something was posted, and insists while the database is away: what is posted and not remembered is posted again, and the
 * first would ask for a decision for ever.
 */
export async function remembered<T>(put: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await put();
    } catch (error) {
      if (!isCountersignError(error) || error.code !== 'unavailable' || left === 1) throw error;
      await sleep(pauseMs);
    }
  }
}
