/**
 * Telling people: first in the process that was asked, before it wakes the workflow, else from the workflow's own task; and by a scheduled
 * activity where that takes long.
 */
import { within } from '../availability/index.ts';
import type { ActionRef } from '../engine/types.ts';
import { announceFirst, type Announcement } from '../notify/announce.ts';
import type { NotifyDeps } from '../notify/deps.ts';
import { tellPeople } from '../notify/tell-people.ts';
import type { TellResult, TellInput } from '../notify/types.ts';

/** How long a workflow's task waits for Slack, in milliseconds; less than its timeout, so that no task is lost by it. */
const NOW_MS = 1500;
/** How many tasks of this process may wait for Slack concurrently. The others belong to decisions and reports. */
const AT_ONCE = 8;
/** How long a first announcement is kept for its workflow's first task, in milliseconds. */
const KEPT_MS = 10_000;

export interface PeopleTelling {
  /**
   * Announces what this process has judged and sealed, so that people need not wait for the workflow's first task, which joins it here. To be
   * called before the workflow is woken, once for an action. Resolves when they are told, or after {@link NOW_MS}; never rejects.
   */
  begin(action: ActionRef): Promise<void>;
  /** Null where it failed, or takes longer than a workflow's task may: {@link publish} goes on with it. */
  publishNow(input: TellInput): Promise<TellResult | null>;
  /** Joins the same publication where it still runs in this process, so that nothing is posted twice. */
  publish(input: TellInput): Promise<TellResult>;
}

export function createTelling(deps: NotifyDeps): PeopleTelling {
  const running = new Map<string, Promise<TellResult>>();
  const first = new Map<string, Promise<Announcement | null>>();
  let announcing = 0;
  const keyOf = ({ tenant, id }: ActionRef): string => `${tenant}\n${id}`;
  /** Joined once: the attempt after one that hung begins anew. */
  const firstOf = ({ action, was }: TellInput): Promise<Announcement | null> | undefined => {
    const key = keyOf(action);
    const begun = was === null ? first.get(key) : undefined;
    first.delete(key);
    return begun;
  };
  return {
    async begin(action) {
      if (announcing >= AT_ONCE) return;
      announcing += 1;
      const key = keyOf(action);
      const announced = announceFirst(deps, action).finally(() => (announcing -= 1));
      first.set(key, announced);
      setTimeout(() => first.get(key) === announced && first.delete(key), KEPT_MS).unref();
      await within(NOW_MS, announced).catch((error: unknown) => {
        deps.log.info({ err: error, action: action.id }, 'people are told by the workflow');
      });
    },
    async publishNow(input) {
      const { publication } = input;
      if (publication === undefined || running.size >= AT_ONCE) return null;
      const telling = tellPeople(deps, input, firstOf(input)).finally(() => running.delete(publication));
      running.set(publication, telling);
      return within(NOW_MS, telling).catch(() => null);
    },
    async publish(input) {
      const key = input.publication ?? '';
      const early = running.get(key);
      // Joined once: the attempt after one that hung begins anew.
      running.delete(key);
      const tell = () => tellPeople(deps, input);
      return early?.catch(tell) ?? tell();
    },
  };
}
