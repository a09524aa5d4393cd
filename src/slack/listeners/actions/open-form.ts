import type { BlockAction, Middleware, RespondFn, SlackActionMiddlewareArgs } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import { openModal, openShown, readButtonValue, shownHash, textModal, type View } from '../../blocks/index.ts';
import { aboutOf, keepRefusal } from '../../admit.ts';
import { explain, messageOf, whisper } from '../../answer.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { FORM_SECONDS } from '../../metadata.ts';
import { openView } from '../../opening.ts';
import { personBehind, readClick, type Click } from '../../origin.ts';
import { toSlackView } from '../../web.ts';

/** From the Home tab or an answer of `/countersign`: everything about one action, with the decision inside. */
export const openFormButton =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    await ack();
    let click: Click;
    try {
      click = readClick(body);
    } catch (error) {
      return desk.log.warn({ error: messageOf(error) }, 'a malformed click was refused');
    }
    await openView(desk, click.trigger, prepared(desk, click), async (error) => {
      keepRefusal(desk, 'open', error, click.origin, { tenant: null, action: null, person: null });
      await say(desk, click, respond, error);
    });
  };

async function prepared(desk: Desk<DecisionDoor>, { origin, value }: Click): Promise<View> {
  const { person } = await personBehind(desk, origin.workspace, origin.user);
  const named = readButtonValue(value);
  const message = named === null ? null : await desk.door.find(person, named.action);
  if (message === null) {
    throw new CountersignError('not-found', 'there is no such action, or it is not yours to see');
  }
  await desk.door.keepShown(message);
  const metadata = desk.seal.seal({
    kind: 'open',
    ...origin,
    message: origin.message.startsWith('view:') ? origin.message : `view:${origin.message}`,
    tenant: message.tenant,
    action: message.action,
    stage: message.stage,
    shown: shownHash(openShown(message, person.id)),
    about: aboutOf(message),
    expires: Math.floor(desk.now() / 1000) + FORM_SECONDS,
  });
  return openModal(message, { metadata, person: person.id });
}

/** A view has no ephemeral messages, so a modal says it. */
async function say(
  desk: Desk<DecisionDoor>,
  click: Click,
  respond: RespondFn | undefined,
  error: CountersignError,
): Promise<void> {
  if (click.origin.channel !== 'view') return whisper(desk, click.origin, respond, await explain(desk, error, null));
  const view = textModal('Not possible', `${error.message}. Nothing was changed.`);
  await desk.client.views.open({ trigger_id: click.trigger, view: toSlackView(view) });
}
