/** How the human was there when they decided. */
import { ENGINE_VIA } from './engine-names.ts';
import type { JsonObject } from './json.ts';
import type { Door } from './verdict.ts';

/**
 * `passkey`: their own authenticator signed this very decision. `click`: a session of theirs was open, and they clicked in Slack or the
 * console. `token`: a credential of theirs was presented, and nothing else says that they were there.
 */
export const PRESENCES = ['passkey', 'click', 'token'] as const;
export type Presence = (typeof PRESENCES)[number];

const CLICKED: ReadonlySet<Door> = new Set(['slack', 'console']);

/** @param assured A verified passkey assertion came with it. */
export const presenceOf = (via: Door, assured: boolean): Presence =>
  assured ? 'passkey' : CLICKED.has(via) ? 'click' : 'token';

/** Of a sealed decision, those of before they said so too; null for what the clock or the requester brought. */
export function presenceIn(record: {
  decision: string;
  via: Door | typeof ENGINE_VIA;
  assurance: JsonObject | null;
  presence?: Presence;
}): Presence | null {
  if (!BY_PEOPLE.has(record.decision) || record.via === ENGINE_VIA) return null;
  return record.presence ?? presenceOf(record.via, record.assurance !== null);
}

const BY_PEOPLE: ReadonlySet<string> = new Set(['approve', 'refuse', 'return', 'extend']);
