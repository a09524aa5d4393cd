/** The words of the message: what happened, who, why, until when. */
import type { ApprovalMessage, MessageDecision, MessageParty, MessageState } from '../model.ts';
import {
  asked as askedIn,
  DID,
  DOOR_WORDS,
  helps as helpsIn,
  progressParts,
  whyYou as whyYouIn,
} from '../parts-6/words.ts';
import { list } from '../parts-6/text.ts';
import { clean, mrkdwnText, plainText, time } from './text.ts';

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
  const verb = plainText(message.verb, 56);
  const much = message.amount ?? message.resource;
  return much === null ? verb : `${verb}, ${plainText(much, 40)}`;
}

/** One line of a list: what, how much and about what. Plain text. */
export function inOneLine(message: Pick<ApprovalMessage, 'verb' | 'amount' | 'resource'>): string {
  const { amount, resource } = message;
  return amount === null || resource === null ? what(message) : `${what(message)} · ${plainText(resource, 60)}`;
}

/** Plain text. */
export const headline = (message: ApprovalMessage): string => `${HEADLINES[message.state]}: ${what(message)}`;

/** Who asked, for whom, about what; and whether it was an emergency. `mrkdwn`. */
export function whoAsks(message: ApprovalMessage): string {
  const chain = message.onBehalfOf.slice(0, 4).map((party) => `*${partyName(party, 80)}*${known(party)}`);
  const forWhom = chain.length === 0 ? '' : ` for ${chain.join(', who acts for ')}`;
  const about =
    message.resource === null || message.amount === null ? '' : `, about ${mrkdwnText(message.resource, 120)}`;
  const asked = message.ask === 'decision' ? 'asks' : 'asked';
  const alone = EMERGENCY.has(message.state) ? '; as an emergency it was released at once, without an approval' : '';
  return `*${partyName(message.actor, 80)}*${known(message.actor, message.actor.type)} ${asked}${forWhom}${about}${alone}`;
}

/** What stands in brackets behind a name: the kind of who asks, who answers for it, and that nobody has checked who it is. */
function known({ type, unverified, owner }: MessageParty, kind: MessageParty['type'] = 'user'): string {
  const said: string[] = kind === 'user' ? [] : [kind];
  if (unverified === true) said.push('unverified');
  if (type !== 'user' && owner !== undefined) said.push(owner === null ? 'no owner' : `owner ${mrkdwnText(owner, 60)}`);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

const EMERGENCY: ReadonlySet<MessageState> = new Set(['break_glass', 'review_overdue', 'reviewed']);

/** A person by name; anything else by its id, without the kind in front of it. `mrkdwn`. */
export function partyName(party: MessageParty, max: number): string {
  if (party.name !== null && clean(party.name) !== '—') return mrkdwnText(party.name, max);
  return mrkdwnText(party.id.replace(/^(user|agent|service):/, ''), max);
}

/** Who did what, when, through what, and why. `mrkdwn`, at most about 800 characters. */
export function decisionLine(decision: MessageDecision): string {
  const name = mrkdwnText(decision.name, 80);
  const did = decision.decision === 'expired' ? `*${DID.expired}*` : `*${name}* ${DID[decision.decision]}`;
  const instead = decision.onBehalfOf === null ? '' : ` for ${mrkdwnText(decision.onBehalfOf, 80)} (delegated)`;
  const how = decision.via === 'engine' ? '' : `, ${DOOR_WORDS[decision.via]}`;
  const reason = decision.reason === null ? '' : `\n“${mrkdwnText(decision.reason, 300)}”`;
  const changes = decision.changes
    .slice(0, 3)
    .map(({ label, from, to }) => `\n✏️ ${mrkdwnText(label, 40)}: ${mrkdwnText(from, 60)} → *${mrkdwnText(to, 60)}*`);
  return `${did}${instead} · ${time(decision.at)}${how}${reason}${changes.join('')}`;
}

/** As in later versions, with the count in bold. `mrkdwn`. */
export function progress(message: ApprovalMessage): string | null {
  const parts = progressParts(message, mrkdwnText);
  return parts === null ? null : `*${parts[0]}*${parts[1]}`;
}

/** As in later versions. `mrkdwn`. */
export const asked = (message: ApprovalMessage): string | null => askedIn(message, mrkdwnText);
export const whyYou = (message: ApprovalMessage, person: string): string | null =>
  whyYouIn(message, person, mrkdwnText);
export const helps = (message: ApprovalMessage): string | null => helpsIn(message, mrkdwnText);

/** The deadline, and what happens without a decision. `mrkdwn`; null when nothing runs out. */
export function deadline(message: ApprovalMessage): string | null {
  if (message.ask === 'review' && message.review !== null) {
    const reviewers = list(
      message.review.reviewers.map((name) => mrkdwnText(name, 60)),
      4,
    );
    const due = message.state === 'review_overdue' ? 'Review was due:' : 'Review by:';
    return `*${due}* ${time(message.review.dueAt)} · ${reviewers}`;
  }
  if (message.ask === null || message.expiresAt === null) return null;
  const anyway = message.state === 'returned' ? ', answered or not' : '';
  return `*Decide by:* ${time(message.expiresAt)}${anyway}. ${mrkdwnText(message.otherwise, 200)}`;
}
