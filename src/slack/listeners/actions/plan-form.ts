import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { hashOf } from '../../../canonical/index.ts';
import { CountersignError } from '../../../contract/index.ts';
import type { SlackDecisions, SlackIdentity, SlackMessages, SlackPlans } from '../../../gateway/slack-types.ts';
import { planModal, readButtonValue, refusalAnswer, type View } from '../../blocks/index.ts';
import type { PlanMessage } from '../../../notify/plan-message.ts';
import { aboutOf, keepRefusal } from '../../admit.ts';
import { messageOf, whisper } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import { FORM_SECONDS } from '../../metadata.ts';
import { openView } from '../../opening.ts';
import { personBehind, readClick, type Click } from '../../origin.ts';

export type PlanDoor = SlackIdentity & SlackPlans & Pick<SlackDecisions, 'refused'> & Pick<SlackMessages, 'posted'>;

/** Opens the form of a plan from its message: all waiting steps, ticked. */
export const planForm =
  (desk: Desk<PlanDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    await ack();
    const click = clickIn(desk, body);
    if (click === null) return;
    await openView(desk, click.trigger, prepared(desk, click), async (error) => {
      keepRefusal(desk, 'plan', error, click.origin, { tenant: null, action: null, person: null });
      await whisper(desk, click.origin, respond, refusalAnswer(error, null));
    });
  };

/** Null for errors that are not Slack's. */
function clickIn({ log }: Desk<PlanDoor>, body: BlockAction): Click | null {
  try {
    return readClick(body);
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'a malformed click was refused');
    return null;
  }
}

async function prepared(desk: Desk<PlanDoor>, { origin, value: raw, posted: isPosted }: Click): Promise<View> {
  const value = readButtonValue(raw);
  const [posted, { person }] = await Promise.all([
    isPosted ? desk.door.posted(origin.workspace, origin.channel, origin.message) : null,
    personBehind(desk, origin.workspace, origin.user),
  ]);
  if (posted === null || posted.action !== value?.action || posted.tenant !== person.tenant) {
    throw new CountersignError('not-found', 'this is not a message that Countersign sent here about a plan of yours');
  }
  if (posted.person !== null && posted.person !== person.id) {
    throw new CountersignError('forbidden', 'this message was sent to somebody else');
  }
  const message = await desk.door.readPlan(person, posted.action);
  if (message === null) throw new CountersignError('not-found', 'there is no such plan any more');
  if (message.ask === null) throw new CountersignError('not-open', 'no step of this plan waits for a decision');
  const metadata = desk.seal.seal({
    kind: 'plan',
    ...origin,
    tenant: person.tenant,
    action: message.plan,
    stage: 0,
    shown: posted.shownHash,
    about: planAbout(message),
    expires: Math.floor(desk.now() / 1000) + FORM_SECONDS,
  });
  return planModal(message, { metadata });
}

/** The subject of a decision about a plan: every waiting step, as it is shown. */
export const planAbout = ({ steps }: PlanMessage): string =>
  hashOf(
    steps.flatMap(({ index, standing, message }) => (standing === 'open' ? [{ index, is: aboutOf(message) }] : [])),
  );
