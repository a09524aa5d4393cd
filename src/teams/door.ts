/** Handles people's activities in Teams. A click on a card is a claim, which the gateway checks. */
import { CountersignError, checkReason, isCountersignError, type DecisionInput } from '../contract/index.ts';
import type { TeamsDoor } from '../gateway/teams-door.ts';
import type { SlackAction, SlackOrigin, SlackPerson, SlackPosted } from '../gateway/slack-types.ts';
import { LATE, orLate, type Tasks } from '../slack/tasks.ts';
import { inputOf, readExecute, tenantOf, type Activity, type Execute } from './activity.ts';
import { cardHash, CARD_INPUTS, renderCard, CARD_RENDERER, showsAll, type Verb } from './card/index.ts';
import { cardChangesOf } from './changes.ts';
import { workspaceOf } from './notifier.ts';
import { cardAnswer, cardRefusal, textAnswer, type InvokeAnswer } from './answer.ts';

export interface TeamsDoorDeps {
  door: TeamsDoor;
  appId: string;
  /** The only tenant of Microsoft Entra whose people may act. */
  tenant: string;
  tasks: Tasks;
  log: { warn(facts: object, text: string): void; error(facts: object, text: string): void };
  /** How long the answer to a click may take: Teams gives up after about ten seconds. */
  holdMs?: number;
}

const HOLD_MS = 7000;

/** @returns the answer of an invoke; null where none is wanted. @throws CountersignError where it is refused as a whole */
export async function handleActivity(deps: TeamsDoorDeps, activity: Activity): Promise<InvokeAnswer | null> {
  const { appId, tenant } = deps;
  if (tenantOf(activity) !== tenant) throw new CountersignError('forbidden', 'it is about another tenant of Teams');
  if (activity.recipient.id !== `28:${appId}`) throw new CountersignError('forbidden', 'it is for another app');
  const isClick = activity.type === 'invoke';
  if (isClick && activity.name !== 'adaptiveCard/action') {
    throw new CountersignError('invalid-request', 'no card of ours asks so');
  }
  await remember(deps, activity);
  return isClick ? answerClick(deps, activity) : null;
}

/** Stores where this user can be reached, or that they no longer can. */
async function remember({ door, appId, tenant }: TeamsDoorDeps, activity: Activity): Promise<void> {
  const { type, action, from, conversation, serviceUrl, membersAdded = [], membersRemoved = [] } = activity;
  const user = from.aadObjectId;
  if (user === undefined || conversation.conversationType !== 'personal') return;
  const isApp = ({ id }: { id: string }): boolean => id === `28:${appId}`;
  const removed =
    (type === 'installationUpdate' && action?.startsWith('remove') === true) ||
    (type === 'conversationUpdate' && membersRemoved.some(isApp));
  // Others join and leave a conversation too. Any other activity in it shows that the app is installed.
  if (type === 'conversationUpdate' && !removed && !membersAdded.some(isApp)) return;
  await door.heard({ tenant, user, serviceUrl, conversation: conversation.id, gone: removed });
}

async function answerClick(deps: TeamsDoorDeps, activity: Activity): Promise<InvokeAnswer> {
  const { door, tenant, tasks, log, holdMs = HOLD_MS } = deps;
  const { from, conversation, replyToId = '' } = activity;
  const workspace = workspaceOf(tenant);
  const origin: SlackOrigin = {
    workspace,
    user: from.aadObjectId ?? from.id,
    channel: conversation.id,
    message: replyToId,
  };
  let what: string = 'click';
  let posted: SlackPosted | null = null;
  let person: SlackPerson | null = null;
  /** Whether the gateway was asked. It stores its own refusals. */
  let asked = false;
  const work = (async (): Promise<InvokeAnswer> => {
    const execute = readExecute(activity);
    what = execute.verb;
    posted = await door.posted(workspace, conversation.id, replyToId);
    person = from.aadObjectId === undefined ? null : await door.personOf(tenant, from.aadObjectId);
    const admitted = await admit(door, execute, posted, person);
    const decision = wordsOf(admitted.subject.message, execute);
    asked = true;
    await decide(admitted, decision, origin);
    const after = await door.message(admitted.posted.tenant, admitted.posted.action);
    return after === null ? textAnswer('Your decision is sealed.') : cardAnswer(renderCard(after, admitted.person.id));
  })().catch(async (error: unknown): Promise<InvokeAnswer> => {
    const known = readable(deps, error);
    const about = { tenant: posted?.tenant ?? null, action: posted?.action ?? null, person: person?.id ?? null };
    if (!asked)
      tasks.run('keeping a refused attempt', door.refused({ ...about, what, code: known.code, slack: origin }));
    const late = posted !== null && (known.code === 'already-decided' || known.code === 'not-open');
    const message = late ? await door.message(posted?.tenant ?? '', posted?.action ?? '').catch(() => null) : null;
    return cardRefusal(known, message);
  });
  const answer = await orLate(work, holdMs);
  if (answer !== LATE) return answer;
  tasks.run(
    'a decision in Teams',
    work.then(() => undefined),
  );
  log.warn({ action: origin.message, what }, 'a decision in Teams takes long; the card will follow');
  return textAnswer('It is being sealed. The card will show when it is; nothing is decided before.');
}

interface Admitted {
  posted: SlackPosted;
  person: SlackPerson;
  subject: SlackAction;
  /** Hash of what the person was looking at. */
  shownHash: string;
}

/**
 * Admits a click on one of our cards: one that we sent to this person about this action, and that still shows the current state.
 *
 * @throws CountersignError unauthenticated · not-found · forbidden · frozen · not-open · conflict
 */
async function admit(
  door: TeamsDoor,
  { verb, data: { about } }: Execute,
  posted: SlackPosted | null,
  person: SlackPerson | null,
): Promise<Admitted> {
  if (person === null) {
    throw new CountersignError(
      'unauthenticated',
      'your Teams account belongs to nobody in the directory; ask whoever keeps it to add your Teams ids',
    );
  }
  if (posted === null || about.action !== posted.action || posted.tenant !== person.tenant) {
    throw new CountersignError('not-found', 'this is not a card that Countersign sent here about an action of yours');
  }
  if (posted.person !== person.id) throw new CountersignError('forbidden', 'this card was sent to somebody else');
  const subject = await door.read(posted.tenant, posted.action);
  if (subject === null) throw new CountersignError('not-found', 'there is no such action any more');
  const { message } = subject;
  if (message.state === 'frozen') {
    throw new CountersignError('frozen', 'a freeze is in force, so nothing is decided here until it is lifted');
  }
  if (message.ask === null) {
    throw new CountersignError('not-open', `this action is no longer open: ${message.state.replace('_', ' ')}`);
  }
  if (verb === 'approve' && !showsAll(message, person.id)) {
    throw new CountersignError(
      'not-shown-whole',
      'it is too long for a card; read all of it in the console and decide',
    );
  }
  if (about.revision === posted.revision) return { posted, person, subject, shownHash: posted.shownHash };
  if (about.revision !== message.revision) {
    throw new CountersignError(
      'conflict',
      'the card changed while you were looking; it now shows how things stand, so look again and decide then',
    );
  }
  // It may be so new that it is not stored yet: the answer to a click, or a card that is being sent.
  await door.keepShown(message);
  return { posted, person, subject, shownHash: cardHash(renderCard(message, person.id)) };
}

async function decide(
  { person, subject, shownHash }: Admitted,
  decision: DecisionInput,
  slack: SlackOrigin,
): Promise<void> {
  await subject.decide({
    person: person.id,
    decision,
    slack,
    shown: { hash: shownHash, renderer: CARD_RENDERER },
    responsibility: decision.decision === 'approve' ? subject.message.responsibility : null,
  });
}

/** The inputs of the card. @throws CountersignError invalid-request · reason-required */
function wordsOf(message: SlackAction['message'], execute: Execute): DecisionInput {
  const verb: Verb = execute.verb;
  const reason = inputOf(execute, CARD_INPUTS.reason(verb));
  const required =
    verb === 'refuse' ||
    verb === 'return' ||
    (verb === 'approve' && (message.ask === 'review' || message.controls.approveReason === 'required'));
  if (reason !== undefined) checkReason(reason);
  else if (required) throw new CountersignError('reason-required', 'say why: this decision needs a reason');
  const { stage } = execute.data.about;
  const said: DecisionInput = { decision: verb, stage, ...(reason === undefined ? {} : { reason }) };
  if (verb === 'approve') {
    const changes = cardChangesOf(message, execute);
    return changes === undefined ? said : { ...said, changes };
  }
  if (verb !== 'extend') return said;
  const until = Number(inputOf(execute, CARD_INPUTS.until) ?? Number.NaN);
  const { extendUntil } = message.controls;
  if (!Number.isSafeInteger(until) || until <= (message.expiresAt ?? 0) || until > (extendUntil ?? 0)) {
    throw new CountersignError('invalid-request', 'choose a time after the present deadline that policy allows');
  }
  return { ...said, until: new Date(until * 1000).toISOString() };
}

/** Turns any error into one that a person may read. Unexpected errors are logged, and shown without details. */
function readable({ log }: TeamsDoorDeps, error: unknown): CountersignError {
  if (isCountersignError(error) && error.status !== 500) return error;
  log.error({ error: error instanceof Error ? error.message : String(error) }, 'a click in Teams failed');
  return new CountersignError(
    'unavailable',
    'something went wrong on our side and nothing was sealed; try again, or decide in the console',
    { cause: error },
  );
}
