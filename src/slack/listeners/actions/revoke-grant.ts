import type { BlockAction, Middleware, RespondFn, SlackActionMiddlewareArgs } from '@slack/bolt';
import type { CountersignError } from '../../../contract/index.ts';
import { refusalAnswer, textModal, words, type Rendered } from '../../blocks/index.ts';
import { keepRefusal } from '../../admit.ts';
import { messageOf, readable, whisper } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackDecisions, SlackGrants } from '../../../gateway/slack-types.ts';
import { personBehind, readClick, type Click } from '../../origin.ts';
import { home, type HomeDoor } from '../events/app-home-opened.ts';
import { toSlackView } from '../../web.ts';

type RevokeDoor = HomeDoor & SlackGrants & Pick<SlackDecisions, 'refused'>;

/** Ends a standing approval immediately, from the thread or the Home tab. The gateway checks who may do so. */
export const revokeGrantButton =
  (desk: Desk<RevokeDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    await ack();
    let click: Click;
    try {
      click = readClick(body);
    } catch (error) {
      return desk.log.warn({ error: messageOf(error) }, 'a malformed click was refused');
    }
    try {
      const { person } = await personBehind(desk, click.origin.workspace, click.origin.user);
      await desk.door.revokeGrant(person, (click.value ?? '').slice(0, 64));
    } catch (error) {
      const known = readable(desk, error);
      keepRefusal(desk, 'revoke_grant', known, click.origin, { tenant: null, action: null, person: null });
      return refuse(desk, click, respond, known);
    }
    await say(desk, click, respond, words('the standing approval is ended: nothing is released under it from now on'));
  };

async function say(
  desk: Desk<RevokeDoor>,
  { origin }: Click,
  respond: RespondFn | undefined,
  said: Rendered,
): Promise<void> {
  if (origin.channel !== 'view') return whisper(desk, origin, respond, said);
  const view = await home(desk, origin.workspace, origin.user);
  await desk.client.views.publish({ user_id: origin.user, view: toSlackView(view) });
}

/** A view has no ephemeral messages, so a modal says it. */
async function refuse(
  desk: Desk<RevokeDoor>,
  click: Click,
  respond: RespondFn | undefined,
  error: CountersignError,
): Promise<void> {
  if (click.origin.channel !== 'view') return whisper(desk, click.origin, respond, refusalAnswer(error, null));
  const view = textModal('Not possible', `${error.message}. Nothing was changed.`);
  await desk.client.views.open({ trigger_id: click.trigger, view: toSlackView(view) });
}
