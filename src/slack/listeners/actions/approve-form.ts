import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { approveModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Opens the form of an approval, where a reason is wanted or something may be changed. */
export const approveForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    // Opening a form decides nothing, so it is acknowledged immediately.
    await ack();
    await openForm(desk, 'approve', body, respond, (admitted, { origin }) =>
      approveModal(admitted.subject.message, { metadata: sealedFor(desk, 'approve', origin, admitted) }),
    );
  };
