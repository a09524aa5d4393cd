/** Resolves a click to the person, the action, and exactly what was on the screen. */
import { hashOf } from '../canonical/index.ts';
import { CountersignError } from '../contract/index.ts';
import {
  type ApprovalMessage,
  type ButtonValue,
  readButtonValue,
  renderApprovalMessage,
  shownHash,
} from './blocks/index.ts';
import type { DecisionDoor, Desk } from './desk.ts';
import type {
  SlackAction,
  SlackDecisions,
  SlackMessages,
  SlackOrigin,
  SlackPerson,
  SlackPosted,
} from '../gateway/slack-types.ts';
import { readable } from './answer.ts';
import { type Click, personBehind } from './origin.ts';

export interface AdmittedClick {
  person: SlackPerson;
  posted: SlackPosted;
  subject: SlackAction;
  value: ButtonValue;
  /** Hash of what the person was looking at. */
  shownHash: string;
}

/**
 * Admits a click on one of our messages. Workspace, channel and message must be those of a message we sent about this very action; the
 * person must be in the directory of its tenant; and what they saw must be what it says now.
 *
 * @throws CountersignError not-found · forbidden · unauthenticated · conflict · unavailable
 */
export async function admitClick(desk: Desk<DecisionDoor>, click: Click): Promise<AdmittedClick> {
  const { workspace, user, channel, message: ts } = click.origin;
  const value = readButtonValue(click.value);
  const [posted, { person }] = await Promise.all([
    click.posted ? desk.door.posted(workspace, channel, ts) : null,
    personBehind(desk, workspace, user),
  ]);
  if (posted === null || value === null || value.action !== posted.action || posted.tenant !== person.tenant) {
    throw new CountersignError(
      'not-found',
      'this is not a message that Countersign sent here about an action of yours',
    );
  }
  if (posted.person !== null && posted.person !== person.id) {
    throw new CountersignError('forbidden', 'this message was sent to somebody else');
  }
  const subject = await desk.door.read(posted.tenant, posted.action);
  if (subject === null) throw new CountersignError('not-found', 'there is no such action any more');
  return { person, posted, subject, value, shownHash: await seen(desk, posted, subject.message, value) };
}

/** What was on the screen: the newest stored rendering, or one so new that it is not stored yet. */
async function seen(
  desk: Desk<SlackMessages>,
  posted: SlackPosted,
  message: ApprovalMessage,
  value: ButtonValue,
): Promise<string> {
  if (message.state === 'frozen') {
    throw new CountersignError('frozen', 'a freeze is in force, so nothing is decided here until it is lifted');
  }
  if (message.ask === null) {
    throw new CountersignError('not-open', `this action is no longer open: ${message.state.replace('_', ' ')}`);
  }
  if (value.revision === posted.revision) return posted.shownHash;
  if (value.revision === message.revision) {
    await desk.door.keepShown(message);
    return shownHash(renderApprovalMessage(message, { person: posted.person, plain: value.plain === true }));
  }
  throw new CountersignError(
    'conflict',
    'the message changed while you were looking; it now shows how things stand, so look again and decide then',
  );
}

/** Digest of the subject of a decision, without the parts that may change while a form is open: reminders, notes, counts. */
export function aboutOf(message: ApprovalMessage): string {
  const { action, verb, surface, amount, resource, actor, onBehalfOf, facts, stage, ask, controls } = message;
  const changed = message.decisions.flatMap(({ changes }) => changes);
  const { mayChange } = controls;
  return hashOf({ action, verb, surface, amount, resource, actor, onBehalfOf, facts, stage, ask, mayChange, changed });
}

/** Stores what the slack room itself refused. The gateway stores its own refusals. */
export function keepRefusal(
  desk: Desk<Pick<SlackDecisions, 'refused'>>,
  what: string,
  error: unknown,
  origin: SlackOrigin,
  about: { tenant: string | null; action: string | null; person: string | null },
): void {
  const { code } = readable(desk, error);
  desk.log.warn({ what, code, ...origin, ...about }, 'a Slack interaction was refused');
  desk.tasks.run('keeping a refused attempt', desk.door.refused({ ...about, what, code, slack: origin }));
}
