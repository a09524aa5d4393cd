import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import { liftModal, textModal, type View } from '../../blocks/index.ts';
import { keepRefusal } from '../../admit.ts';
import { messageOf } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackIdentity, SlackDecisions, SlackOrders } from '../../../gateway/slack-types.ts';
import { FORM_SECONDS } from '../../metadata.ts';
import { openView } from '../../opening.ts';
import { personBehind, readClick, type Click } from '../../origin.ts';
import { toSlackView } from '../../web.ts';

type LiftDoor = SlackIdentity & Pick<SlackOrders, 'freezes'> & Pick<SlackDecisions, 'refused'>;

/** Opens the form that lifts a freeze, from the Home tab. */
export const liftForm =
  (desk: Desk<LiftDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body }) => {
    await ack();
    let click: Click;
    try {
      click = readClick(body);
    } catch (error) {
      return desk.log.warn({ error: messageOf(error) }, 'a malformed click was refused');
    }
    await openView(desk, click.trigger, prepared(desk, click), async (error) => {
      keepRefusal(desk, 'lift', error, click.origin, { tenant: null, action: null, person: null });
      const view = textModal('Not possible', `${error.message}. Nothing was changed.`);
      await desk.client.views.open({ trigger_id: click.trigger, view: toSlackView(view) });
    });
  };

async function prepared(desk: Desk<LiftDoor>, { origin, value }: Click): Promise<View> {
  const { person } = await personBehind(desk, origin.workspace, origin.user);
  const { freezes, mayLift } = await desk.door.freezes(person);
  const freeze = freezes.find(({ id }) => id === value);
  if (freeze === undefined) throw new CountersignError('not-found', 'this freeze is not in force any more');
  if (!mayLift) throw new CountersignError('forbidden', 'you may not lift a freeze; ask somebody with the role');
  const metadata = desk.seal.seal({
    kind: 'lift',
    ...origin,
    message: origin.message.startsWith('view:') ? origin.message : `view:${origin.message}`,
    tenant: person.tenant,
    action: freeze.id,
    stage: 0,
    shown: '',
    about: '',
    expires: Math.floor(desk.now() / 1000) + FORM_SECONDS,
  });
  return liftModal(freeze, { metadata });
}
