import type { Clock } from './clock.ts';
import { SlackApiError } from './errors.ts';
import { newId, secretHex } from './ids.ts';

/** A `response_url` may be used this often, within this time (docs.slack.dev/interactivity/handling-user-interaction). */
export const RESPONSE_URL_USES = 5;
export const RESPONSE_URL_LIFE_MS = 30 * 60 * 1000;

/** Where a `response_url` leads: to whom it speaks, and which message it may replace. */
export interface ResponseTarget {
  kind: 'actions' | 'commands';
  user: string;
  channel: string;
  messageTs?: string;
  threadTs?: string;
}

/** The `response_url`s that were handed out. */
export class ResponseUrls {
  private readonly issued = new Map<string, { target: ResponseTarget; at: number; uses: number }>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @returns the path below the sandbox's URL. */
  issue(teamId: string, target: ResponseTarget): string {
    for (const [path, entry] of this.issued) {
      if (this.clock.now() - entry.at > 2 * RESPONSE_URL_LIFE_MS) this.issued.delete(path);
    }
    const path = `/${target.kind}/${teamId}/${newId('')}/${secretHex(24)}`;
    this.issued.set(path, { target, at: this.clock.now(), uses: 0 });
    return path;
  }

  /** Counts one use. @throws SlackApiError `invalid_url`, `expired_url` or `used_url`. */
  use(path: string): ResponseTarget {
    const entry = this.issued.get(path);
    if (!entry) throw new SlackApiError('invalid_url');
    if (this.clock.now() - entry.at > RESPONSE_URL_LIFE_MS) throw new SlackApiError('expired_url');
    if (entry.uses >= RESPONSE_URL_USES) throw new SlackApiError('used_url');
    entry.uses += 1;
    return entry.target;
  }
}
