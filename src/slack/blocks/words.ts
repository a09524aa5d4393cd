/** The words of the message: what happened, who, why, until when. */
import { ENGINE_VIA } from '../../contract/engine-names.ts';
import { MESSAGE_HOLDS, type Presence } from '../../contract/index.ts';
import type { ApprovalMessage, MessageDecision, MessageParty, MessageState } from './model.ts';
import { type Line, type Piece, dated, line, said, strong } from './parts-6/rich.ts';
import { plainText } from './parts-6/text.ts';
import { DID, DOOR_WORDS, partyName } from './parts-6/words.ts';

const HEADLINES: Record<MessageState, string> = {
  waiting: '⏳ Decide',
  returned: '💬 Question asked',
  approved: '✅ Approved',
  changed: '✅ Approved with changes',
  refused: '⛔ Refused',
  expired: '⌛ Expired, so refused',
  cancelled: '🚫 Withdrawn',
  frozen: '🧊 Frozen',
  released: '✅ Released',
  executed: '✅ Done',
  failed: '❌ Failed',
  skipped: '⏭ Skipped',
  unreported: '❓ Outcome not reported',
  lapsed: '💤 Lapsed: nobody collected it, nothing happened',
  break_glass: '🚨 Break-glass release',
  review_overdue: '🚨 Review overdue',
  reviewed: '🔎 Reviewed',
};

/** What and how much, in one phrase of plain text; where there is no amount, on what. */
export function what(message: Pick<ApprovalMessage, 'verb' | 'amount' | 'resource'>): string {
  const verb = plainText(message.verb, MESSAGE_HOLDS.verb);
  const much = message.amount ?? message.resource;
  return much === null ? verb : `${verb}, ${plainText(much, 40)}`;
}

/** One line of a list: what, how much and about what. Plain text. */
export function inOneLine(message: Pick<ApprovalMessage, 'verb' | 'amount' | 'resource'>): string {
  const { amount, resource } = message;
  return amount === null || resource === null ? what(message) : `${what(message)} · ${plainText(resource, 60)}`;
}

/** The status. Plain text. */
export const stateWords = (message: ApprovalMessage): string =>
  `${HEADLINES[message.state]}${message.collectUntil === undefined ? '' : ', not collected yet'}`;

/** Plain text. */
export const headline = (message: ApprovalMessage): string => `${stateWords(message)}: ${what(message)}`;

const EFFECTS: Record<NonNullable<ApprovalMessage['effect']>, string> = {
  read: 'Only reads',
  reversible: 'Can be undone',
  compensable: 'Can be made good',
  irreversible: 'Cannot be undone',
};

/** What it does to the world; null where policy does not say. */
export function consequence({ effect }: ApprovalMessage): Line | null {
  if (effect === undefined) return null;
  return line(...(effect === 'irreversible' ? ['⚠️ ', strong(EFFECTS[effect], 40)] : [EFFECTS[effect]]));
}

/** Who asked, for whom, about what; and whether it was an emergency. */
export function whoAsks(message: ApprovalMessage): Line {
  const chain = message.onBehalfOf
    .slice(0, MESSAGE_HOLDS.parties)
    .flatMap((party, index) => [index === 0 ? ' for ' : ', who acts for ', named(party), known(party)]);
  const { resource, amount } = message;
  // In the headline it stands in the place of an amount, and shorter.
  const isNamed = resource === null || (amount === null && resource.length <= 40);
  const about = isNamed ? '' : `, about ${plainText(resource, MESSAGE_HOLDS.resource)}`;
  const asked = message.ask === 'decision' ? ' asks' : ' asked';
  const alone = EMERGENCY.has(message.state) ? '; as an emergency it was released at once, without an approval' : '';
  return line(named(message.actor), known(message.actor, message.actor.type), asked, ...chain, about, alone);
}

/** What stands in brackets behind a name: the kind of who asks, who answers for it, and that nobody has checked who it is. */
function known({ type, unverified, owner }: MessageParty, kind: MessageParty['type'] = 'user'): string {
  const said: string[] = kind === 'user' ? [] : [kind];
  if (unverified === true) said.push('unverified');
  if (type !== 'user' && owner !== undefined) said.push(owner === null ? 'no owner' : `owner ${plainText(owner, 60)}`);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

const EMERGENCY: ReadonlySet<MessageState> = new Set(['break_glass', 'review_overdue', 'reviewed']);

export const named = (party: MessageParty): Piece => strong(partyName(party), MESSAGE_HOLDS.party);

const PRESENCES: Record<Presence, string> = {
  passkey: ', with their passkey',
  click: ', by a click',
  token: ', with a token',
};
const presence = (decision: MessageDecision): string =>
  decision.presence === undefined ? '' : PRESENCES[decision.presence];

/** Who did what, when, through what, and why: at most about 800 characters. */
export function decisionLines(decision: MessageDecision): Line[] {
  const did =
    decision.decision === 'expired'
      ? [strong(DID.expired, 80)]
      : [strong(decision.name, 80), said(` ${DID[decision.decision]}`)];
  const instead = decision.onBehalfOf === null ? '' : ` for ${plainText(decision.onBehalfOf, 80)} (delegated)`;
  const how = decision.via === ENGINE_VIA ? '' : `, ${DOOR_WORDS[decision.via]}${presence(decision)}`;
  const reason = decision.reason === null ? [] : [line(`“${plainText(decision.reason, MESSAGE_HOLDS.word)}”`)];
  const changes = decision.changes.slice(0, MESSAGE_HOLDS.changes).map(({ label, from, to }) => {
    const before = plainText(from, MESSAGE_HOLDS.changed);
    return line(`✏️ ${plainText(label, 40)}: ${before} → `, strong(to, MESSAGE_HOLDS.changed));
  });
  return [line(...did, `${instead} · `, dated(decision.at), how), ...reason, ...changes];
}
