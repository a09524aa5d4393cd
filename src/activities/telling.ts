/** Telling people from the workflow's own task first, and by a scheduled activity where that takes long. */
import { within } from '../availability/index.ts';
import type { TellResult, TellInput } from '../notify/types.ts';

/** How long a workflow's task waits for Slack, in milliseconds; less than its timeout, so that no task is lost by it. */
const NOW_MS = 1500;
/** How many tasks of this process may wait for Slack concurrently. The others belong to decisions and reports. */
const AT_ONCE = 8;

export interface PeopleTelling {
  /** Null where it failed, or takes longer than a workflow's task may: {@link publish} goes on with it. */
  publishNow(input: TellInput): Promise<TellResult | null>;
  /** Joins the same publication where it still runs in this process, so that nothing is posted twice. */
  publish(input: TellInput): Promise<TellResult>;
}

export function createTelling(tell: (input: TellInput) => Promise<TellResult>): PeopleTelling {
  const running = new Map<string, Promise<TellResult>>();
  return {
    async publishNow(input) {
      const { publication } = input;
      if (publication === undefined || running.size >= AT_ONCE) return null;
      const telling = tell(input).finally(() => running.delete(publication));
      running.set(publication, telling);
      return within(NOW_MS, telling).catch(() => null);
    },
    async publish(input) {
      const key = input.publication ?? '';
      const early = running.get(key);
      // Joined once: the attempt after one that hung begins anew.
      running.delete(key);
      return early?.catch(() => tell(input)) ?? tell(input);
    },
  };
}
