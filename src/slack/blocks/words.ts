/** The words of the message: what happened, who, why, until when. */
import { ENGINE_VIA } from '../../contract/engine-names.ts';
import { MESSAGE_HOLDS, type Presence } from '../../contract/index.ts';
import type { ApprovalMessage, MessageDecision, MessageParty, MessageState } from './model.ts';
import { type Line, type Piece, dated, line, said, strong } from './parts-6/rich.ts';
import { clean, list, plainText } from './parts-6/text.ts';

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

/** How it stands. Plain text. */
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

/** A person by name; anything else by its id, without the kind in front of it. */
export const partyName = ({ name, id }: MessageParty): string =>
  name !== null && clean(name) !== '—' ? name : id.replace(/^(user|agent|service):/, '');

export const named = (party: MessageParty): Piece => strong(partyName(party), MESSAGE_HOLDS.party);

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
  console: 'in the console',
  api: 'over the API',
  cli: 'on the command line',
  engine: 'by the clock',
};

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
  const how = decision.via === ENGINE_VIA ? '' : `, ${DOORS[decision.via]}${presence(decision)}`;
  const reason = decision.reason === null ? [] : [line(`“${plainText(decision.reason, MESSAGE_HOLDS.word)}”`)];
  const changes = decision.changes.slice(0, MESSAGE_HOLDS.changes).map(({ label, from, to }) => {
    const before = plainText(from, MESSAGE_HOLDS.changed);
    return line(`✏️ ${plainText(label, 40)}: ${before} → `, strong(to, MESSAGE_HOLDS.changed));
  });
  return [line(...did, `${instead} · `, dated(decision.at), how), ...reason, ...changes];
}

/** Who said what, as the title of their words. Plain text. */
export const decisionTitle = ({ name, decision }: MessageDecision): string =>
  decision === 'expired' ? DID.expired : `${plainText(name, 80)} ${DID[decision]}`;

/** `1 of 2: finance done, security waiting`. Plain text; null for a single stage, which the decisions tell of. */
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
    return `${plainText(stage.name, 40)} ${states[stage.state]}${count}`;
  });
  const more = message.stages.length > 6 ? `, ${message.stages.length - 6} more` : '';
  const done = message.stages.filter(({ state }) => state === 'done').length;
  return `${done} of ${message.stages.length}: ${parts.join(', ')}${more}`;
}

const whole = (value: number): number => (Number.isSafeInteger(value) ? value : 0);

/** Who is asked in the open stage, how many of them it takes, and by which reference. Plain text; null when nobody is. */
export function asked(message: ApprovalMessage): string | null {
  const stage = message.stages[message.stage];
  if (stage === undefined || stage.people.length === 0) return null;
  const byRef = new Map<string, string[]>();
  for (const person of stage.people) {
    byRef.set(person.ref, [...(byRef.get(person.ref) ?? []), plainText(person.name, 60)]);
  }
  const groups = [...byRef].slice(0, 4).map(([ref, names]) => `${list(names, 4)} (${plainText(ref, 60)})`);
  const more = byRef.size > 4 ? ` and ${byRef.size - 4} more groups` : '';
  const quorum = whole(stage.quorum);
  const many = stage.people.length === 1 ? '' : quorum > 1 ? `${quorum} of ` : 'one of ';
  const sofar = quorum > 1 && stage.approvals > 0 ? ` · ${whole(stage.approvals)} approved so far` : '';
  return `Asked: ${many}${groups.join('; ')}${more}${sofar}`;
}

/** Why this reader is asked. Plain text; null when they are not. */
export function whyYou(message: ApprovalMessage, person: string): string | null {
  const member = message.stages.flatMap(({ people }) => people).find(({ id }) => id === person);
  if (member === undefined) return null;
  return member.ref === person ? 'You are asked by name.' : `You are asked because of ${plainText(member.ref, 60)}.`;
}

/** The deadline, and what happens without a decision; null when nothing runs out. */
export function deadline(message: ApprovalMessage): Line | null {
  if (message.ask === 'review' && message.review !== null) {
    const reviewers = list(
      message.review.reviewers.map((name) => plainText(name, 60)),
      4,
    );
    const due = message.state === 'review_overdue' ? 'Review was due:' : 'Review by:';
    return line(strong(due, 40), ' ', dated(message.review.dueAt), ` · ${reviewers}`);
  }
  if (message.heldUntil !== undefined) {
    return line(strong('Held until:', 40), ' ', dated(message.heldUntil), '. Until then it can be withdrawn.');
  }
  if (message.collectUntil !== undefined) {
    return line(strong('To be collected by:', 40), ' ', dated(message.collectUntil), '. Otherwise nothing happens.');
  }
  if (message.ask === null || message.expiresAt === null) return null;
  const anyway = message.state === 'returned' ? ', answered or not' : '';
  return line(
    strong('Decide by:', 40),
    ' ',
    dated(message.expiresAt),
    `${anyway}. ${plainText(message.otherwise, 200)}`,
  );
}

/** What helps to decide: how such requests went lately, and what is left of the limits. Plain text; null when nothing is known. */
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
    parts.push(`Limit ${plainText(label, 60)}: ${plainText(left, 30)} left of ${plainText(max, 30)}`);
  }
  return parts.length === 0 ? null : parts.join(' · ');
}
