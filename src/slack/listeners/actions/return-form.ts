import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { returnModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { openForm, sealedFor } from '../../opening.ts';

/** Opens the form of a question to the requester. */
export const returnForm =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    // Opening a form decides nothing, so it is acknowledged immediately.
    await ack();
    await openForm(desk, 'return', body, respond, (admitted, { origin }) =>
      returnModal(admitted.subject.message, { metadata: sealedFor(desk, 'return', origin, admitted) }),
    );
  };
