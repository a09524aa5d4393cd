import type { Clock } from './clock.ts';
import { SlackApiError } from './errors.ts';
import { secretHex } from './ids.ts';

/** A trigger may be exchanged for a modal once, within this time of being sent (docs.slack.dev/surfaces/modals). */
export const TRIGGER_LIFE_MS = 3000;

/** Past this, an old trigger is "invalid" rather than "expired". */
const FORGET_MS = 3_600_000;

/** The `trigger_id`s that were sent, and whether they were used. */
export class Triggers {
  private readonly issued = new Map<string, { user: string; viewId?: string; at: number; used: boolean }>();
  private count = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @param viewId the modal the person was in, onto which another may be pushed. */
  issue(user: string, viewId?: string): string {
    for (const [old, trigger] of this.issued) if (this.clock.now() - trigger.at > FORGET_MS) this.issued.delete(old);
    const id = `${String(this.clock.now())}.${String((this.count += 1))}.${secretHex(32)}`;
    this.issued.set(id, { user, at: this.clock.now(), used: false, ...(viewId === undefined ? {} : { viewId }) });
    return id;
  }

  /**
   * Uses a trigger up.
   * @throws SlackApiError `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
   */
  exchange(id: string): { user: string; viewId?: string } {
    const trigger = this.issued.get(id);
    if (!trigger) throw new SlackApiError('invalid_trigger_id');
    if (trigger.used) throw new SlackApiError('exchanged_trigger_id');
    if (this.clock.now() - trigger.at > TRIGGER_LIFE_MS) throw new SlackApiError('expired_trigger_id');
    trigger.used = true;
    return { user: trigger.user, ...(trigger.viewId === undefined ? {} : { viewId: trigger.viewId }) };
  }
}
