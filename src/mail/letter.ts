/** The text of mails. It is plain text without markup, so a requester's words cannot pass for ours. */
import type { ApprovalMessage, MessageParty } from '../notify/approval-message.ts';
import type { Notice, ThreadEvent } from '../notify/notifier.ts';
import type { PlanMessage } from '../notify/plan-message.ts';
import { clean } from '../slack/blocks/parts-6/text.ts';
import { happenedInWords } from '../slack/blocks/thread.ts';

export interface Letter {
  /** One line, at most 150 characters. */
  subject: string;
  text: string;
}

const MAX_SUBJECT = 150;
/** Values in a mail; the page behind the link has all. */
const MAX_FACTS = 10;
const MAX_VALUE = 300;

const line = (text: string, max = MAX_VALUE): string => {
  const whole = Array.from(clean(text));
  return whole.length <= max ? whole.join('') : `${whole.slice(0, max - 1).join('')}…`;
};

/** A time for readers in any zone: RFC 3339 without seconds, in UTC. */
const time = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const partyOf = ({ id, name, type, unverified, owner }: MessageParty): string => {
  const known = [
    ...(type === 'user' ? [] : [type]),
    ...(unverified === true ? ['unverified'] : []),
    ...(type === 'user' || owner === undefined ? [] : [owner === null ? 'no owner' : `owner ${line(owner, 60)}`]),
  ];
  return `${line(name ?? id, 80)}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
};

/** What and how much, in one phrase. */
const what = ({ verb, amount, resource }: Pick<ApprovalMessage, 'verb' | 'amount' | 'resource'>): string =>
  [verb, ...(amount === null ? [] : [amount]), ...(resource === null ? [] : [resource])]
    .map((one) => line(one, 60))
    .join(', ');

/** The link, with the note that opening it decides nothing. */
const door = (url: string | null): string[] =>
  url === null
    ? ['', 'Decide on the command line: countersign approve --help']
    : ['', 'Read it whole and decide here, after you have signed in:', url];

const FOOT = ['', 'This mail decides nothing, nor does opening the link. Answers to it reach nobody.'];

const EFFECTS: Record<NonNullable<ApprovalMessage['effect']>, string> = {
  read: 'It only reads.',
  reversible: 'It can be undone.',
  compensable: 'It can be made good.',
  irreversible: 'It cannot be undone.',
};

/** Asks one person to decide. */
export function askingLetter(message: ApprovalMessage, person: string): Letter {
  const { why, facts, withheld, expiresAt, review } = message;
  const stage = message.stages.find(({ people }) => people.some(({ id }) => id === person));
  const ref = stage?.people.find(({ id }) => id === person)?.ref;
  const chain = message.onBehalfOf.map((party, i) => `${i === 0 ? ' for ' : ', who acts for '}${partyOf(party)}`);
  const verb = message.ask === 'review' ? 'Review' : 'Decide';
  const due = message.ask === 'review' ? (review?.dueAt ?? null) : expiresAt;
  return {
    subject: line(`${verb}: ${what(message)}`, MAX_SUBJECT),
    text: [
      `${verb}: ${what(message)}`,
      '',
      `${partyOf(message.actor)} asked${chain.join('')}.`,
      ...(message.effect === undefined ? [] : [EFFECTS[message.effect]]),
      ...why.reasons.slice(0, 3).map((reason) => `Why: ${line(reason)}`),
      ...facts.slice(0, MAX_FACTS).map(({ label, value }) => `${line(label, 60)}: ${line(value)}`),
      ...(facts.length > MAX_FACTS ? [`${facts.length - MAX_FACTS} more values are behind the link.`] : []),
      ...(withheld > 0 ? [`${withheld} values are not disclosed in mails.`] : []),
      ...(due === null ? [] : [`${verb} by: ${time(due)}. ${line(message.otherwise, 200)}`]),
      ...(ref === undefined || ref === person ? [] : [`You are asked because of ${line(ref, 60)}.`]),
      ...door(message.consoleUrl),
      ...FOOT,
    ].join('\n'),
  };
}

/** Asks one person to decide the steps of a plan that wait for them. */
export function planLetter({ title, steps, expiresAt, consoleUrl, plan }: PlanMessage): Letter {
  const subject = `Decide a plan: ${title ?? `${steps.length} steps`}`;
  return {
    subject: line(subject, MAX_SUBJECT),
    text: [
      line(subject),
      '',
      ...steps.map(({ index, message }) => `${index + 1}. ${what(message)}`),
      ...(expiresAt === null ? [] : ['', `Decide by: ${time(expiresAt)}; what is not decided then is refused.`]),
      '',
      `Plan: ${plan}`,
      ...door(consoleUrl),
      ...FOOT,
    ].join('\n'),
  };
}

/** An event of an action that the person got a mail about. It replies to that mail, so that both are in one thread. */
export function eventLetter({ kind, by, detail, until }: ThreadEvent): Letter {
  const happened = `${happenedInWords(kind)}${by === null ? '' : ` by ${line(by, 80)}`}`;
  return {
    subject: line(`Re: ${happened}`, MAX_SUBJECT),
    text: [
      `${happened}${until === null ? '' : `, until ${time(until)}`}.`,
      ...(detail === null ? [] : [`“${line(detail, 1500)}”`]),
      '',
      'It is about the request in the mail that this one answers.',
      ...FOOT,
    ].join('\n'),
  };
}

/** A line to one person, such as the requester. */
export function noticeLetter({ headline, lines, until, consoleUrl, action }: Notice): Letter {
  return {
    subject: line(headline, MAX_SUBJECT),
    text: [
      line(headline),
      ...lines.slice(0, 8).map((one) => line(one)),
      ...(until == null ? [] : [`Until ${time(until)}.`]),
      '',
      `Action: ${action}`,
      ...(consoleUrl === null ? [] : [consoleUrl]),
      ...FOOT,
    ].join('\n'),
  };
}
