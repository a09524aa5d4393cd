import type { Inbox } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';

/** What waits for people. */
export interface Inboxes {
  /** The first due first. @throws CountersignError `forbidden` for a key, `invalid-request` for a cursor that this API did not give */
  inbox(caller: Caller, cursor: string | undefined, limit: number): Promise<Inbox>;
}
