/** Words about how an action stands: its stages, whom it waits for, until when, and what helps to decide. */
import type { ApprovalMessage, MessageDecision, MessageParty } from '../model.ts';
import { type Line, dated, line, strong } from './rich.ts';
import { clean, list, plainText } from './text.ts';

/** A person's deed, after their name. */
export const DID: Record<MessageDecision['decision'], string> = {
  approve: 'approved',
  refuse: 'refused',
  return: 'asked',
  extend: 'extended the time',
  answered: 'answered',
  expired: 'Nobody decided in time',
  cancelled: 'withdrew it',
};

/** Through which door, after the time. */
export const DOOR_WORDS: Record<MessageDecision['via'], string> = {
  slack: 'in Slack',
  teams: 'in Teams',
  console: 'in the console',
  api: 'over the API',
  cli: 'on the command line',
  engine: 'by the clock',
};

/** A person by name; anything else by its id, without the kind in front of it. */
export const partyName = ({ name, id }: MessageParty): string =>
  name !== null && clean(name) !== '—' ? name : id.replace(/^(user|agent|service):/, '');

/** Who said what, as the title of their words. Plain text. */
export const decisionTitle = ({ name, decision }: MessageDecision): string =>
  decision === 'expired' ? DID.expired : `${plainText(name, 80)} ${DID[decision]}`;

/** Makes what somebody wrote safe for where it is shown. */
type Escape = (text: string, max: number) => string;

/** `1 of 2: finance done, security waiting`. Plain text; null for a single stage, because the decisions say it. */
export function progress(message: ApprovalMessage): string | null {
  const parts = progressParts(message);
  return parts === null ? null : parts.join('');
}

/** The count of stages, and what follows it. */
export function progressParts(
  message: ApprovalMessage,
  escape: Escape = plainText,
): [count: string, rest: string] | null {
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
    return `${escape(stage.name, 40)} ${states[stage.state]}${count}`;
  });
  const more = message.stages.length > 6 ? `, ${message.stages.length - 6} more` : '';
  const done = message.stages.filter(({ state }) => state === 'done').length;
  return [`${done} of ${message.stages.length}`, `: ${parts.join(', ')}${more}`];
}

const whole = (value: number): number => (Number.isSafeInteger(value) ? value : 0);

/** Who is asked in the open stage, how many of them it takes, and by which reference. Plain text; null when nobody is. */
export function asked(message: ApprovalMessage, escape: Escape = plainText): string | null {
  const stage = message.stages[message.stage];
  if (stage === undefined || stage.people.length === 0) return null;
  const byRef = new Map<string, string[]>();
  for (const person of stage.people) {
    byRef.set(person.ref, [...(byRef.get(person.ref) ?? []), escape(person.name, 60)]);
  }
  const groups = [...byRef].slice(0, 4).map(([ref, names]) => `${list(names, 4)} (${escape(ref, 60)})`);
  const more = byRef.size > 4 ? ` and ${byRef.size - 4} more groups` : '';
  const quorum = whole(stage.quorum);
  const ofSeveral = quorum > 1 ? `${quorum} of ` : 'one of ';
  const many = stage.people.length === 1 ? '' : ofSeveral;
  const sofar = quorum > 1 && stage.approvals > 0 ? ` · ${whole(stage.approvals)} approved so far` : '';
  return `Asked: ${many}${groups.join('; ')}${more}${sofar}`;
}

/** Why this reader is asked. Plain text; null when they are not. */
export function whyYou(message: ApprovalMessage, person: string, escape: Escape = plainText): string | null {
  const member = message.stages.flatMap(({ people }) => people).find(({ id }) => id === person);
  if (member === undefined) return null;
  return member.ref === person ? 'You are asked by name.' : `You are asked because of ${escape(member.ref, 60)}.`;
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
export function helps(message: ApprovalMessage, escape: Escape = plainText): string | null {
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
    parts.push(`Limit ${escape(label, 60)}: ${escape(left, 30)} left of ${escape(max, 30)}`);
  }
  return parts.length === 0 ? null : parts.join(' · ');
}
