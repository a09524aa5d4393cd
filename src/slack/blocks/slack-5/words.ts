/** The words of the message: what happened, who, why, until when. */
import type { ApprovalMessage, MessageDecision, MessageParty, MessageState } from '../model.ts';
import { clean, list, mrkdwnText, plainText, time } from './text.ts';

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

const DID: Record<MessageDecision['decision'], string> = {
  approve: 'approved',
  refuse: 'refused',
  return: 'asked',
  extend: 'extended the time',
  answered: 'answered',
  expired: 'Nobody decided in time',
  cancelled: 'withdrew it',
};
const DOORS: Record<MessageDecision['via'], string> = {
  slack: 'in Slack',
  teams: 'in Teams',
  console: 'in the console',
  api: 'over the API',
  cli: 'on the command line',
  engine: 'by the clock',
};

/** Who did what, when, through what, and why. `mrkdwn`, at most about 800 characters. */
export function decisionLine(decision: MessageDecision): string {
  const name = mrkdwnText(decision.name, 80);
  const did = decision.decision === 'expired' ? `*${DID.expired}*` : `*${name}* ${DID[decision.decision]}`;
  const instead = decision.onBehalfOf === null ? '' : ` for ${mrkdwnText(decision.onBehalfOf, 80)} (delegated)`;
  const how = decision.via === 'engine' ? '' : `, ${DOORS[decision.via]}`;
  const reason = decision.reason === null ? '' : `\n“${mrkdwnText(decision.reason, 300)}”`;
  const changes = decision.changes
    .slice(0, 3)
    .map(({ label, from, to }) => `\n✏️ ${mrkdwnText(label, 40)}: ${mrkdwnText(from, 60)} → *${mrkdwnText(to, 60)}*`);
  return `${did}${instead} · ${time(decision.at)}${how}${reason}${changes.join('')}`;
}

/** `1 of 2: finance done, security waiting`. `mrkdwn`; null for a single stage, which the decisions tell of. */
export function progress(message: ApprovalMessage): string | null {
  if (message.stages.length < 2) return null;
  const over = message.ask !== 'decision' && message.state !== 'frozen';
  const states = {
    done: 'done',
    open: over ? 'undecided' : 'waiting',
    later: over ? 'not asked' : 'later',
    refused: 'refused',
  };
  const parts = message.stages.slice(0, 6).map((stage) => {
    const count =
      stage.quorum > 1 && stage.state !== 'done' ? ` (${whole(stage.approvals)} of ${whole(stage.quorum)})` : '';
    return `${mrkdwnText(stage.name, 40)} ${states[stage.state]}${count}`;
  });
  const more = message.stages.length > 6 ? `, ${message.stages.length - 6} more` : '';
  const done = message.stages.filter(({ state }) => state === 'done').length;
  return `*${done} of ${message.stages.length}*: ${parts.join(', ')}${more}`;
}

const whole = (value: number): number => (Number.isSafeInteger(value) ? value : 0);

/** Who is asked in the open stage, how many of them it takes, and by which reference. `mrkdwn`; null when nobody is. */
export function asked(message: ApprovalMessage): string | null {
  const stage = message.stages[message.stage];
  if (stage === undefined || stage.people.length === 0) return null;
  const byRef = new Map<string, string[]>();
  for (const person of stage.people) {
    byRef.set(person.ref, [...(byRef.get(person.ref) ?? []), mrkdwnText(person.name, 60)]);
  }
  const groups = [...byRef].slice(0, 4).map(([ref, names]) => `${list(names, 4)} (${mrkdwnText(ref, 60)})`);
  const more = byRef.size > 4 ? ` and ${byRef.size - 4} more groups` : '';
  const quorum = whole(stage.quorum);
  const many = stage.people.length === 1 ? '' : quorum > 1 ? `${quorum} of ` : 'one of ';
  const sofar = quorum > 1 && stage.approvals > 0 ? ` · ${whole(stage.approvals)} approved so far` : '';
  return `Asked: ${many}${groups.join('; ')}${more}${sofar}`;
}

/** Why this reader is asked. `mrkdwn`; null when they are not. */
export function whyYou(message: ApprovalMessage, person: string): string | null {
  const member = message.stages.flatMap(({ people }) => people).find(({ id }) => id === person);
  if (member === undefined) return null;
  return member.ref === person ? 'You are asked by name.' : `You are asked because of ${mrkdwnText(member.ref, 60)}.`;
}

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

/** What helps to decide: how such requests went lately, and what is left of the limits. `mrkdwn`; null when nothing is known. */
export function helps(message: ApprovalMessage): string | null {
  const parts: string[] = [];
  if (message.lately !== null) {
    const { approved, refused, days } = message.lately;
    parts.push(
      approved === 0 && refused === 0
        ? `None like this was decided in the last ${whole(days)} days`
        : `Like this in the last ${whole(days)} days: ${whole(approved)} approved, ${whole(refused)} refused`,
    );
  }
  for (const { label, left, max } of message.limitsLeft.slice(0, 3)) {
    parts.push(`Limit ${mrkdwnText(label, 60)}: ${mrkdwnText(left, 30)} left of ${mrkdwnText(max, 30)}`);
  }
  return parts.length === 0 ? null : parts.join(' · ');
}
