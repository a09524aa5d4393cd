/** How the human was there when they decided. */
import { ENGINE_VIA } from './engine-names.ts';
import type { JsonObject } from './json.ts';
import type { Door } from './verdict.ts';

/**
 * `passkey`: their own authenticator signed this very decision. `click`: a session of theirs was open, and they clicked in Slack, Teams or
 * the console. `token`: a credential of theirs was presented, and nothing else says that they were there.
 */
export const PRESENCES = ['passkey', 'click', 'token'] as const;
export type Presence = (typeof PRESENCES)[number];

const CLICKED: ReadonlySet<Door> = new Set(['slack', 'teams', 'console']);

/** @param assured A verified passkey assertion came with it. */
export function presenceOf(via: Door, assured: boolean): Presence {
  if (assured) return 'passkey';
  return CLICKED.has(via) ? 'click' : 'token';
}

/** Presence of a sealed decision, also of older ones that do not name it; null for decisions of the clock or the requester. */
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
